"""A training on new data: whether it may begin, that it begins once, and what the ledger keeps of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evergreen import names
from evergreen.renewal.ledger import FAILED, KEPT, PROMOTED, Ledger, Run
from evergreen.settings.sections import RenewalSettings
from functions import ledgers
from tests.bundles import constant_bundle
from tests.integration.functions.renew.conftest import DATA, MODELS, NAME, now

NEW, TRAINED_ON = "e" * 32, "d" * 32
RESTLESS = RenewalSettings(enabled=True, on_new_data=True, cool_down_hours=0, runs_per_day=3)
PREFIX = f"models/{NAME}/20261130/output/model/"
BETTER = {"promote": True, "reason": "better", "version": "20261130", "bundle": PREFIX, "digest": "x", "trigger": "t"}


@pytest.fixture
def trained(stack):
    """With a champion, and nothing captured."""
    stack.promote("20260101")
    return stack


def test_it_trains_on_the_version_with_the_champions_settings(trained):
    begun = trained.begin_on(NEW)

    assert begun["go"]
    assert begun["data"] == f"s3://{DATA}/data/{NEW}.manifest"
    assert begun["settings"] == f"s3://{DATA}/settings/{'5' * 64}/model.toml"
    assert begun["git_commit"] == "c" * 40
    assert begun["champion"]["version"] == "20260101"
    [run] = trained.ledger().runs
    assert (run.id, run.reason, run.dollars) == ("arn:1", f"new data: {NEW}", 1.0)


def test_a_retry_begins_once(trained):
    assert trained.begin_on(NEW) == trained.begin_on(NEW)
    assert len(trained.ledger().runs) == 1


@pytest.mark.parametrize("settings", [RESTLESS])
def test_an_event_that_comes_twice_trains_once_and_tells_nobody(trained):
    trained.begin_on(NEW, "arn:1")
    for ended in (False, True):
        answer = trained.begin_on(NEW, "arn:2")
        assert (answer["go"], answer["known"]) == (False, True)
        if not ended:
            trained.end("arn:1", decision={"promote": False, "reason": "no better"})
    assert [run.id for run in trained.ledger().runs] == ["arn:1"]
    assert trained.ledger().refusal is None


@pytest.mark.parametrize("settings", [RESTLESS])
def test_of_two_events_at_the_same_moment_one_begins(trained, monkeypatch):
    # The other gets in between reading the ledger and writing it.
    write, answers = ledgers.put_if_unchanged, []

    def overtaken(*arguments, **named):
        monkeypatch.setattr(ledgers, "put_if_unchanged", write)
        answers.append(trained.begin_on(NEW, "arn:2"))
        return write(*arguments, **named)

    monkeypatch.setattr(ledgers, "put_if_unchanged", overtaken)
    answers.append(trained.begin_on(NEW, "arn:1"))

    assert [answer["go"] for answer in answers] == [True, False]
    assert answers[1]["known"]
    assert [run.id for run in trained.ledger().runs] == ["arn:2"]


def test_what_somebody_has_trained_on_by_hand_meanwhile_is_not_trained_on_again(trained):
    before, after = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (-1, 1))

    # The champion's bundle, which is of this version of the data, has come after it, or was there.
    answer = trained.begin_on(TRAINED_ON, brought=before.isoformat())
    assert (answer["go"], answer["known"]) == (False, True)
    assert "has had its training" in answer["told"]
    assert trained.begin_on(NEW, brought=before.isoformat())["go"]
    trained.end(decision={"promote": False, "reason": "no better"})
    trained.keep(Ledger())
    assert trained.begin_on(TRAINED_ON, "arn:2", brought=after.isoformat())["go"]


def test_without_a_champion_nothing_begins_and_people_are_told(stack):
    answer = stack.begin_on(NEW)

    assert (answer["go"], answer["known"]) == (False, False)
    assert answer["told"] == "no version has been promoted yet; run: evergreen train"
    assert stack.ledger().refusal.reason == f"new data: {NEW}"
    assert not stack.ledger().runs


@pytest.mark.parametrize(
    ("ledger", "told"),
    [
        (Ledger(paused="by Ann"), "renewal is paused: by Ann"),
        (Ledger(runs=(Run(id="0", version="v", reason="drift", began=now(), ended=now()),)), "the next may from"),
        (
            Ledger(
                runs=(
                    Run(
                        id="0",
                        version="v",
                        reason="drift",
                        began=(datetime.now(UTC) - timedelta(days=9)).isoformat(),
                        ended=now(),
                        dollars=19.5,
                    ),
                )
            ),
            "dollars_per_month, 20.00",
        ),
    ],
)
def test_it_keeps_pauses_rests_and_ceilings_of_renewal(trained, ledger, told):
    trained.keep(ledger)

    answer = trained.begin_on(NEW)

    assert (answer["go"], answer["known"]) == (False, False)
    assert told in answer["told"]
    assert trained.ledger() == replace(ledger, refusal=trained.ledger().refusal)


def test_its_run_counts_for_the_rest_of_a_renewal(trained):
    trained.begin_on(NEW)
    trained.capture(names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX)

    assert "the next may from" in trained.begin("arn:2")["told"]


def test_what_it_promotes_stands_in_the_ledger_and_is_left_alone_by_hand(trained):
    trained.begin_on(NEW)
    for name, content in constant_bundle(9.0).items():
        trained.put(MODELS, f"{PREFIX}{name}", content)

    run = trained.end(decision=BETTER, seconds=360)

    assert (run["outcome"], run["promoted"], run["told"], run["dollars"]) == (PROMOTED, "20261130", "better", 0.05)
    ledger = trained.ledger()
    assert (ledger.champion.version, ledger.data) == ("20261130", "")
    assert [each.version for each in ledger.earlier] == ["20260101"]
    # Somebody goes back from it.
    trained.promote("20260101", at=now())
    trained.keep(replace(ledger, runs=()))
    assert "somebody went back to the present champion" in trained.begin_on("a" * 32, "arn:2")["told"]


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({"decision": {**BETTER, "promote": False}}, KEPT),
        ({"failure": "PrepareTable: there is no column 'price'"}, FAILED),
    ],
)
def test_what_promotes_nothing_leaves_the_ledger_as_it_was_but_for_the_run(trained, known, outcome):
    trained.begin_on(NEW)
    before = trained.ledger()

    run = trained.end(**known)

    assert run["outcome"] == outcome
    assert replace(trained.ledger(), runs=()) == replace(before, runs=())
