"""The bookkeeping of a renewal: its beginning, its plan, its end."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from evergreen import names
from evergreen.renewal.evidence import Evidence
from evergreen.renewal.ledger import FAILED, KEPT, PROMOTED, REFUSED, Ledger, Model, UnreadableLedger
from evergreen.renewal.rule import ALL, LAST, Standing
from evergreen.settings.sections import RenewalSettings
from functions import ledgers
from tests.integration.functions.renew.conftest import CAPTURES, DATA, MODELS, NAME, now

AFTER = Standing(champion=ALL, rows=100, periods=1, evidence={LAST: Evidence().and_then(1.0, error=0.1, rival=0.2)})
WON = {
    "promote": True,
    "reason": "last is ahead",
    "version": "20261130",
    "bundle": "b/",
    "digest": "x",
    "champion": "20260101",
    "challengers": [{"name": LAST, "version": "20261130", "error": 0.1, "rival": 0.2, "reason": "it is ahead"}],
    "standing": asdict(replace(AFTER, champion=LAST, predecessor="20260101", evidence={})),
}
LOST = {**WON, "promote": False, "reason": "no challenger is ahead", "standing": asdict(AFTER)}
PLAN = {"rows": 40, "until": "id", "data": "e" * 32, "refused": ""}


def hours_ago(hours):
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")


def test_the_first_renewal_goes_on_what_the_champion_was_made_from(ready):
    begun = ready.begin()

    assert begun["go"]
    assert begun["data"] == f"s3://{DATA}/data/{'d' * 32}.manifest"
    assert begun["settings"] == f"s3://{DATA}/settings/{'5' * 64}/model.toml"
    assert begun["git_commit"] == "c" * 40
    assert begun["champion"]["version"] == "20260101"
    assert begun["standing"] == asdict(Standing(champion=ALL, rows=100))
    assert (begun["earlier"], begun["forgets"]) == ([], 0)


def test_which_captures_are_read_is_stored_as_a_manifest(ready):
    ready.capture("predictions/later/")
    begun = ready.begin()

    key = begun["captures"]["predictions"].removeprefix(f"s3://{DATA}/")
    first, *keys = ready.get(DATA, key)
    assert first == {"prefix": f"s3://{CAPTURES}/"}
    assert keys == ["predictions/2026/11/30/one.jsonl.gz", "predictions/later/2026/11/30/one.jsonl.gz"]


def test_of_code_that_did_not_train_the_champion_no_commit_is_claimed(ready, monkeypatch):
    monkeypatch.setenv(names.SOURCE_DIGEST, "1" * 64)

    assert ready.begin()["git_commit"] == "unknown"


def test_a_run_that_begins_stands_in_the_ledger_with_the_most_that_it_can_cost(ready):
    ready.begin(reason="quality fell")

    [run] = ready.ledger().runs
    assert (run.id, run.version, run.reason, run.outcome) == ("arn:1", "v", "quality fell", "")
    assert run.dollars == 1.0


def test_a_retry_begins_once(ready):
    assert ready.begin() == ready.begin()
    assert len(ready.ledger().runs) == 1


@pytest.mark.parametrize(
    ("captured", "told"),
    [
        ((), "no prediction was captured yet"),
        ((names.PREDICTIONS_PREFIX,), "no label has come in, and without labels nothing is trained on guesses"),
    ],
)
def test_without_labels_nothing_begins_and_it_says_what_to_send(stack, captured, told):
    stack.promote("20260101")
    stack.capture(*captured)

    begun = stack.begin(by_hand=True)

    assert not begun["go"]
    assert told in begun["told"]
    assert stack.ledger().refusal.told == begun["told"]
    assert not stack.ledger().runs


def test_without_a_champion_nothing_begins(stack):
    assert "evergreen train" in stack.begin()["told"]


def test_a_trigger_that_comes_during_the_rest_begins_nothing(ready):
    ready.begin("arn:1")

    assert "the next may from" in ready.begin("arn:2")["told"]
    assert [run.id for run in ready.ledger().runs] == ["arn:1"]


@pytest.mark.parametrize("settings", [RenewalSettings(enabled=True, cool_down_hours=0, runs_per_day=3)])
def test_of_a_hundred_triggers_no_more_begin_than_the_ceiling_allows(ready, settings):
    answers = [ready.begin(f"arn:{number}") for number in range(100)]

    assert sum(answer["go"] for answer in answers) == len(ready.ledger().runs) == settings.runs_per_day
    assert {answer["told"].split(":")[0] for answer in answers if not answer["go"]} == {
        "3 renewals began within 1 day, and [renewal] runs_per_day is 3"
    }
    assert ready.ledger().refusal.times == 97


@pytest.mark.parametrize("settings", [RenewalSettings(enabled=True, cool_down_hours=0, runs_per_day=1)])
def test_of_two_triggers_at_the_same_moment_one_begins(ready, monkeypatch):
    """The other one reads the ledger before this one has written it, and writes it first."""
    write, others = ledgers.put_if_unchanged, []

    def write_after_another(client, **arguments):
        if not others:
            others.append("arn:2")
            others.append(ready.begin("arn:2"))
        return write(client, **arguments)

    monkeypatch.setattr(ledgers, "put_if_unchanged", write_after_another)

    assert not ready.begin("arn:1")["go"]
    assert others[1]["go"]
    assert [run.id for run in ready.ledger().runs] == ["arn:2"]


@pytest.mark.parametrize("settings", [RenewalSettings(enabled=True, cool_down_hours=0, runs_per_day=99)])
@pytest.mark.parametrize(("seconds", "begun"), [(36_000, 4), (7_200, 10)])
def test_what_renewals_have_cost_is_what_the_ceiling_in_dollars_counts(ready, seconds, begun, settings):
    """Twenty dollars; a run may cost 1, and costs 5 or 1."""
    for number in range(30):
        if ready.begin(f"arn:{number}")["go"]:
            ready.end(f"arn:{number}", seconds=seconds, plan=PLAN, decision=LOST)

    assert len(ready.ledger().runs) == begun
    assert sum(run.dollars for run in ready.ledger().runs) <= settings.dollars_per_month


def check(**found):
    features = [{"name": "rooms", "broken": found.pop("broken", "")}]
    return {"version": "20260101", "checked_at": now(), "status": "drift", "reason": "", "features": features, **found}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (check(broken="missing in 100% of the rows"), "rooms (missing in 100% of the rows)"),
        (check(status=names.STATUS_BROKEN_INPUT, reason="3 objects cannot be read"), "3 objects cannot be read"),
    ],
)
def test_nothing_is_learned_from_broken_input_and_it_says_what_is_broken(ready, found, told):
    ready.put(CAPTURES, names.latest_check_key(NAME), json.dumps(found).encode())

    begun = ready.begin(by_hand=True)

    assert not begun["go"]
    assert told in begun["told"]


def test_a_check_of_another_champion_says_nothing_of_this_one(ready):
    found = check(broken="missing in 100% of the rows", version="20250101")
    ready.put(CAPTURES, names.latest_check_key(NAME), json.dumps(found).encode())

    assert ready.begin()["go"]


def test_a_champion_that_somebody_went_back_to_is_left_alone_for_a_while(ready):
    newer = Model(version="20260601", bundle="b/", digest="d")
    ready.keep(Ledger(champion=newer, standing=replace(AFTER, champion=LAST), data="f" * 32))
    ready.promote("20260101", at=hours_ago(1))

    assert "is left alone until" in ready.begin()["told"]
    assert ready.ledger().champion == newer

    begun = ready.begin(by_hand=True)
    assert begun["go"]
    # Nothing that was learned of the other holds for this one, which it stays a challenger of.
    assert begun["standing"] == asdict(Standing(champion=ALL, rows=100))
    assert begun["earlier"] == [asdict(newer)]
    assert begun["data"] == f"s3://{DATA}/data/{'d' * 32}.manifest"


def test_a_champion_that_a_training_has_made_is_renewed_at_once(ready):
    older = Model(version="20250101", bundle="b/", digest="d")
    ready.keep(Ledger(champion=older, standing=AFTER, data="f" * 32))
    ready.promote("20260101", at=hours_ago(1))

    assert ready.begin()["earlier"] == [asdict(older)]


@pytest.mark.parametrize("settings", [RenewalSettings(enabled=True, cool_down_hours=0, runs_per_day=9)])
def test_the_next_renewal_goes_on_where_the_last_one_ended(ready):
    ready.begin("arn:1")
    ready.end("arn:1", plan=PLAN, decision=LOST)

    begun = ready.begin("arn:2", by_hand=True)

    assert begun["data"] == f"s3://{DATA}/data/{'e' * 32}.manifest"
    assert begun["standing"] == asdict(AFTER)


def test_a_ledger_that_is_none_begins_nothing(ready):
    ready.put(MODELS, names.ledger_key(NAME), b"{")

    with pytest.raises(UnreadableLedger, match="Move it away"):
        ready.begin()


def test_a_plan_names_a_version_for_each_window(ready):
    plan = ready.plan(windows={"all": 100, "half": 50})

    assert plan["manifest"] == f"s3://{DATA}/data/{'e' * 32}.manifest"
    assert [each["window"] for each in plan["candidates"]] == ["all", "half"]
    assert [each["prepared"].rpartition("/")[2] for each in plan["candidates"]] == ["all", "half"]
    versions = {each["version"] for each in plan["candidates"]}
    assert len(versions) == 2
    assert all(len(version) == 20 for version in versions)


def test_a_renewal_that_promotes_makes_the_champion_a_challenger(ready):
    ready.begin()
    run = ready.end(seconds=3600, plan=PLAN, decision=WON)

    assert (run["outcome"], run["promoted"], run["dollars"], run["rows"]) == (PROMOTED, "20261130", 0.5, 40)
    ledger = ready.ledger()
    assert ledger.champion == Model(version="20261130", bundle="b/", digest="x")
    assert [model.version for model in ledger.earlier] == ["20260101"]
    assert ledger.standing.predecessor == "20260101"
    assert (ledger.data, ledger.until) == ("e" * 32, "id")


def test_one_that_keeps_the_champion_remembers_what_the_period_told(ready):
    ready.begin()
    run = ready.end(plan=PLAN, decision=LOST)

    assert (run["outcome"], run["told"]) == (KEPT, "no challenger is ahead")
    assert ready.ledger().standing == AFTER
    assert ready.ledger().champion.version == "20260101"


def test_one_that_was_refused_leaves_its_labels_to_the_next(ready):
    ready.begin()
    run = ready.end(seconds=360, plan={**PLAN, "refused": "too few labels", "data": "d" * 32})

    assert (run["outcome"], run["told"], run["dollars"]) == (REFUSED, "too few labels", 0.05)
    assert (ready.ledger().data, ready.ledger().until) == ("", "")


def test_one_that_has_failed_keeps_everything_as_it_was_and_counts_as_much_as_it_may_have_cost(ready):
    ready.begin()
    run = ready.end(seconds=360, plan=PLAN, decision=WON, failure="Promote: MLflow is down")

    assert (run["outcome"], run["told"], run["dollars"]) == (FAILED, "Promote: MLflow is down", 1.0)
    assert ready.ledger().champion.version == "20260101"
    assert ready.ledger().data == ""


def test_an_end_that_is_told_twice_counts_once(ready):
    ready.begin()
    first = ready.end(plan=PLAN, decision=LOST)

    assert ready.end(plan=PLAN, decision=WON) == first
    assert ready.ledger().champion.version == "20260101"


def test_a_version_that_may_hold_a_forgotten_row_is_not_gone_on_from(ready):
    ready.begin()
    ready.keep(replace(ready.ledger(), data="without the row", forgets=1))

    ready.end(forgets=0, plan=PLAN, decision=LOST)

    assert ready.ledger().data == "without the row"


def test_without_the_right_to_write_the_ledger_nothing_begins(ready, monkeypatch):
    def denied(**_arguments):
        raise ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "PutObject")

    from functions.renew import handler

    monkeypatch.setattr(handler._s3(), "put_object", denied)

    with pytest.raises(ClientError, match="AccessDenied"):
        ready.begin()
