"""Promote against S3 (moto) and a real MLflow registry (sqlite)."""

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from evergreen import names, tracking
from evergreen.errors import BrokenBundle, PromotionConflict, UnknownVersion
from functions import model_store
from functions.promote import handler as promote
from tests.bundles import constant_bundle
from tests.integration.functions.promotion.candidates import BUCKET, CONTEXT, NAME


def test_a_first_candidate_is_judged_promoted_and_named_champion_in_mlflow(candidates, registry):
    decision = candidates.judged("v1", 9.0)
    assert decision["promote"]

    promote.handler(decision, CONTEXT)

    assert candidates.pointer().version == "v1"
    assert candidates.pointer().digest == decision["digest"]
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 1


def test_a_later_champion_leaves_its_forerunner_as_previous(candidates, registry):
    promote.handler(candidates.judged("v1", 8.0, mlflow_version="1"), CONTEXT)
    decision = candidates.judged("v2", 9.0, mlflow_version="2")
    assert decision["champion"] == "v1"

    promote.handler(decision, CONTEXT)

    assert candidates.pointer().version == "v2"
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 2
    assert registry.get_model_version_by_alias(NAME, tracking.PREVIOUS).version == 1


def test_promoting_again_after_a_crash_changes_nothing_more(candidates, registry):
    decision = candidates.judged("v1", 9.0)
    promote.handler(decision, CONTEXT)
    before = candidates.pointer()

    promote.handler(decision, CONTEXT)

    assert candidates.pointer() == before
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 1


class Crash(Exception):
    """The function ended here."""


def crashing(monkeypatch, owner: type, name: str, *, at: int, after: bool, counter: list[str]) -> None:
    """Let a method end the function at the nth of all counted calls, before or after its work."""
    method = getattr(owner, name)

    def counted(self, *arguments, **named):
        counter.append(name)
        if len(counter) == at and not after:
            raise Crash
        answer = method(self, *arguments, **named)
        if len(counter) == at and after:
            raise Crash
        return answer

    monkeypatch.setattr(owner, name, counted)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [1, 2, 3], ids=["pointer", "previous", "champion"])
def test_a_crash_at_any_step_is_repaired_by_running_it_again(candidates, registry, monkeypatch, step, after):
    promote.handler(candidates.judged("v1", 8.0, mlflow_version="1"), CONTEXT)
    decision = candidates.judged("v2", 9.0, mlflow_version="2")
    changes: list[str] = []
    with monkeypatch.context() as broken:
        for owner, name in (
            (model_store.ModelStore, "write_champion"),
            (MlflowClient, "set_registered_model_alias"),
        ):
            crashing(broken, owner, name, at=step, after=after, counter=changes)
        with pytest.raises(Crash):
            promote.handler(decision, CONTEXT)
    assert len(changes) == step

    promote.handler(decision, CONTEXT)

    assert candidates.pointer().version == "v2"
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 2
    assert registry.get_model_version_by_alias(NAME, tracking.PREVIOUS).version == 1


@pytest.mark.usefixtures("registry")
def test_while_mlflow_is_down_the_champion_stays_and_a_later_run_promotes(candidates, monkeypatch):
    promote.handler(candidates.judged("v1", 8.0, mlflow_version="1"), CONTEXT)
    decision = candidates.judged("v2", 9.0, mlflow_version="2")
    with monkeypatch.context() as down:
        down.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        down.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
        # Nothing listens on the port that TCP keeps for itself.
        down.setenv(names.TRACKING_URI, "http://127.0.0.1:1")
        with pytest.raises(MlflowException, match="Max retries exceeded"):
            promote.handler(decision, CONTEXT)
    assert candidates.pointer().version == "v1"

    promote.handler(decision, CONTEXT)
    assert candidates.pointer().version == "v2"


def anew(registry):
    """As an MLflow App is that was made anew: it counts the model's versions from 1 again, and the first is another."""
    registry.delete_registered_model(NAME)
    registry.create_registered_model(NAME)
    registry.create_model_version(NAME, source="file:///nothing", tags={tracking.VERSION_TAG: "v2"})


def test_a_candidate_that_mlflow_does_not_know_is_not_promoted(candidates, registry):
    decision = candidates.judged("v1", 9.0)
    anew(registry)

    with pytest.raises(UnknownVersion, match="MLflow does not know v1 of houses"):
        promote.handler(decision, CONTEXT)
    with pytest.raises(UnknownVersion, match="MLflow does not know v3 of houses"):
        promote.handler(candidates.judged("v3", 9.0, mlflow_version="9"), CONTEXT)


def test_a_rollback_goes_to_what_an_mlflow_that_was_made_anew_does_not_know(candidates, registry):
    first = candidates.judged("v1", 8.0, mlflow_version="1")
    promote.handler(first, CONTEXT)
    anew(registry)
    promote.handler(candidates.judged("v2", 9.0, mlflow_version="1"), CONTEXT)
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 1

    for _ in range(2):
        answer = promote.handler({**first, "champion": "v2", "rollback": True}, CONTEXT)

        assert answer["mlflow_model_version"] is None
        assert candidates.pointer().version == "v1"
        # No version there is the one that serves.
        assert tracking.CHAMPION not in registry.get_registered_model(NAME).aliases
        assert registry.get_model_version_by_alias(NAME, tracking.PREVIOUS).version == 1


def test_a_rollback_needs_no_model_in_mlflow(candidates, registry):
    decision = candidates.judged("v1", 8.0)
    registry.delete_registered_model(NAME)

    promote.handler({**decision, "rollback": True}, CONTEXT)

    assert candidates.pointer().version == "v1"


def test_a_candidate_that_was_held_against_an_earlier_champion_is_not_promoted(candidates):
    promote.handler(candidates.judged("v1", 7.0, mlflow_version="1"), CONTEXT)
    late = candidates.judged("v2", 8.0, mlflow_version="2")
    promote.handler(candidates.judged("v3", 9.0, mlflow_version="2"), CONTEXT)

    with pytest.raises(PromotionConflict, match="held against v1"):
        promote.handler(late, CONTEXT)
    assert candidates.pointer().version == "v3"


def test_of_two_promotions_at_once_one_wins_and_the_other_changes_nothing(candidates, monkeypatch):
    first = candidates.judged("v1", 8.0)
    second = candidates.judged("v2", 9.0)
    # The second has looked, and found no champion, before the first one writes.
    monkeypatch.setattr(model_store.ModelStore, "pointer", lambda *_: None)
    promote.handler(first, CONTEXT)

    with pytest.raises(PromotionConflict, match="v2 was not promoted"):
        promote.handler(second, CONTEXT)
    assert candidates.pointer().version == "v1"


def test_a_bundle_that_changed_after_it_was_judged_is_not_promoted(candidates, s3):
    decision = candidates.judged("v1", 9.0)
    for name, content in constant_bundle(9.5).items():
        s3.put_object(Bucket=BUCKET, Key=f"models/{NAME}/v1/output/model/{name}", Body=content)

    with pytest.raises(BrokenBundle, match="changed since it was judged"):
        promote.handler(decision, CONTEXT)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="champions/")


def test_the_aliases_follow_a_rollback_that_came_between_the_pointer_and_them(candidates, registry, monkeypatch):
    first = candidates.judged("v1", 8.0, mlflow_version="1")
    promote.handler(first, CONTEXT)
    decision = candidates.judged("v2", 9.0, mlflow_version="2")
    mark = tracking.mark_champion

    def with_a_rollback_before(name: str, model_version: str) -> None:
        monkeypatch.setattr(tracking, "mark_champion", mark)
        promote.handler({**first, "champion": "v2"}, CONTEXT)
        mark(name, model_version)

    monkeypatch.setattr(tracking, "mark_champion", with_a_rollback_before)
    promote.handler(decision, CONTEXT)

    assert candidates.pointer().version == "v1"
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 1


UNREADABLE = {
    "cut off": b'{"version": "x", "bundle"',
    "empty": b"",
    "no object": b"[]",
    "a field too many": b'{"version": "x", "bundle": "b/", "digest": "d", "promoted_at": "p", "more": 1}',
    "numbers in place of text": b'{"version": 1, "bundle": null, "digest": [], "promoted_at": {}}',
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_pointer_that_cannot_be_read_is_replaced(candidates, s3, content):
    promote.handler(candidates.judged("v1", 8.0), CONTEXT)
    s3.put_object(Bucket=BUCKET, Key=f"champions/{NAME}.json", Body=content)

    decision = candidates.judged("v2", 7.0)
    assert decision["champion"] is None
    promote.handler(decision, CONTEXT)

    assert candidates.pointer().version == "v2"


def test_a_champion_whose_bundle_is_gone_is_replaced_by_a_training(candidates, s3):
    promote.handler(candidates.judged("v1", 8.0), CONTEXT)
    s3.delete_object(Bucket=BUCKET, Key=f"models/{NAME}/v1/output/model/model.json")

    decision = candidates.judged("v2", 7.0)
    assert decision["champion"] == "v1"
    promote.handler(decision, CONTEXT)

    assert candidates.pointer().version == "v2"
