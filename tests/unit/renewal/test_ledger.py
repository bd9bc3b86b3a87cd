"""What renewal remembers from run to run."""

from dataclasses import replace

import pytest

from evergreen.renewal.evidence import Evidence
from evergreen.renewal.ledger import (
    EARLIER,
    FAILED,
    KEPT,
    MOST_RUNS,
    PROMOTED,
    Ledger,
    Model,
    Refusal,
    Run,
    UnreadableLedger,
)
from evergreen.renewal.rule import ALL, LAST, Standing

FIRST = Standing(champion=ALL, rows=100)


def model(version):
    return Model(version=version, bundle=f"models/{version}/", digest=version * 2)


def run(number, outcome=""):
    return Run(
        id=f"arn:{number}",
        version=f"v{number}",
        reason="drift",
        began=f"2026-11-{1 + number % 28:02}T00:00:00+00:00",
        ended="2026-12-01T00:00:00+00:00" if outcome else "",
        outcome=outcome,
        told="bad luck" if outcome == FAILED else "",
        challengers=({"name": LAST, "error": 0.5},),
    )


def test_a_ledger_is_the_same_after_it_was_stored():
    evidence = {LAST: Evidence().and_then(2.0, error=0.1, rival=0.2)}
    ledger = Ledger(
        champion=model("b"),
        standing=replace(FIRST, evidence=evidence, predecessor="a"),
        data="0123.dir",
        until="id",
        earlier=(model("a"),),
        runs=(run(1, PROMOTED), run(2)),
        refusal=Refusal(reason="drift", told="it rests", at="2026-11-30T00:00:00+00:00"),
        paused="by Ann",
    )

    assert Ledger.from_json(ledger.to_json()) == ledger
    assert Ledger.from_json(Ledger().to_json()) == Ledger()


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b"null", b"\xff", b'{"champion": 3}', b"[" * 100_000])
def test_what_is_no_ledger_is_refused_with_a_remedy(document):
    with pytest.raises(UnreadableLedger, match="Move it away"):
        Ledger.from_json(document)


def test_a_ledger_of_another_form_is_refused():
    document = Ledger(runs=(run(1),)).to_json().replace(b'"told"', b'"said"')

    with pytest.raises(UnreadableLedger, match="said"):
        Ledger.from_json(document)


def test_a_run_that_never_told_its_end_was_aborted_and_keeps_what_it_may_have_cost():
    ledger = Ledger().begin(replace(run(1), dollars=0.4)).begin(run(2))

    aborted, present = ledger.runs
    assert aborted.outcome == FAILED
    assert "aborted" in aborted.told
    assert aborted.dollars == 0.4
    assert present == run(2)


def test_it_remembers_the_newest_runs_only():
    ledger = Ledger()
    for number in range(MOST_RUNS + 5):
        ledger = ledger.begin(run(number, KEPT))

    assert [each.id for each in ledger.runs] == [f"arn:{number}" for number in range(5, MOST_RUNS + 5)]


def test_after_five_failures_in_a_row_it_pauses_and_says_why():
    ledger = Ledger()
    for number in range(5):
        assert not ledger.paused
        ledger = ledger.begin(run(number)).end(run(number, FAILED))

    assert "5 renewals in a row have failed" in ledger.paused
    assert "bad luck" in ledger.paused


def test_a_success_between_failures_is_no_row_of_them():
    ledger = Ledger()
    for number in range(9):
        ledger = ledger.begin(run(number)).end(run(number, KEPT if number == 4 else FAILED))

    assert not ledger.paused


def test_a_pause_that_somebody_has_made_stays_his():
    ledger = Ledger(paused="by Ann")
    for number in range(5):
        ledger = ledger.begin(run(number)).end(run(number, FAILED))

    assert ledger.paused == "by Ann"


def test_refusals_for_the_same_cause_are_counted_and_others_begin_anew():
    refusal = Refusal(reason="drift", told="it rests", at="2026-11-30T00:00:00+00:00")
    ledger = Ledger()
    for _ in range(100):
        ledger = ledger.refuse(refusal)
    assert ledger.refusal.times == 100
    assert len(ledger.runs) == 0

    assert ledger.refuse(replace(refusal, told="paused")).refusal.times == 1
    assert ledger.begin(run(1)).refusal is None


def test_a_champion_that_came_by_a_training_is_followed_and_the_one_before_stays_a_challenger():
    ledger = Ledger(champion=model("a"), standing=replace(FIRST, periods=5), data="0123.dir")

    followed = ledger.follow(model("b"), FIRST)

    assert (followed.champion, followed.standing, followed.data) == (model("b"), FIRST, "")
    assert followed.earlier == (model("a"),)


def test_of_the_same_champion_nothing_is_forgotten():
    ledger = Ledger(champion=model("a"), standing=replace(FIRST, periods=5), data="0123.dir")

    assert ledger.follow(model("a"), FIRST) == ledger


def test_earlier_champions_are_the_newest_few_each_once_and_never_the_present_one():
    ledger = Ledger()
    for version in "abcdeb":
        ledger = ledger.succeed(model(version), FIRST)

    assert ledger.champion == model("b")
    assert [each.version for each in ledger.earlier] == ["c", "d", "e"]
    assert len(ledger.earlier) == EARLIER
