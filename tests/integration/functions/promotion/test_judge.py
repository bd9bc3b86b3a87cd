"""Judge against S3 (moto) and a real MLflow server's store (sqlite)."""

import json

import pytest
from mlflow import artifacts
from mlflow.exceptions import MlflowException

from evergreen import tracking
from evergreen.errors import BrokenBundle
from evergreen.judging.card_decision import CARD_MARKDOWN, MARK
from evergreen.versions.bundle import MANIFEST, MODEL
from functions import model_store
from functions.conditional_write import put_if_unchanged
from functions.judge import handler as judge
from functions.promote import handler as promote
from tests.bundles import constant_bundle, signed
from tests.integration.functions.promotion.candidates import CONTEXT, judge_bundle, packed


def test_the_decision_is_stored_beside_the_bundle_and_not_in_it(candidates):
    decision = candidates.judged("v1", 9.0)

    stored = candidates.stored("v1", "decision.json")
    assert json.loads(stored["Body"].read()) == decision
    assert stored["ContentType"] == "application/json"
    assert sorted(candidates.beside("v1")) == ["decision.json", "model_card.html", "model_card.md"]


def test_a_decision_has_what_promote_and_the_command_line_need(candidates):
    decision = candidates.judged("v1", 9.0)

    names = {"promote", "reason", "gates", "version", "bundle", "digest", "metrics", "summary", "champion"}
    assert names == decision.keys()
    assert decision["champion"] is None
    assert {"name", "passed", "reason", "numbers"} == decision["gates"][0].keys()


def test_a_decision_sums_up_the_metric_beside_the_champions_and_the_baselines(candidates):
    first = candidates.judged("v1", 8.0)
    promote.handler(first, CONTEXT)

    assert first["summary"] == "mae on the holdout: 2; baseline: 5"
    assert candidates.judged("v2", 9.0)["summary"] == "mae on the holdout: 1; champion v1: 2; baseline: 5"


def test_a_champion_that_could_not_be_measured_is_not_in_the_summary(candidates):
    promote.handler(candidates.judged("v1", 8.0), CONTEXT)

    same = candidates.judged("v2", 8.0)
    assert same["reason"] == "it is the same model as the champion"
    assert same["summary"] == "mae on the holdout: 2; baseline: 5"


@pytest.mark.parametrize(
    ("name", "kind"), [("model_card.html", "text/html; charset=utf-8"), (CARD_MARKDOWN, "text/markdown; charset=utf-8")]
)
def test_the_card_beside_the_bundle_quotes_the_decision_and_the_one_within_stays_as_it_was(candidates, name, kind):
    decision = candidates.judged("v1", 9.0)

    stored = candidates.stored("v1", name)
    assert stored["ContentType"] == kind
    assert decision["reason"] in stored["Body"].read().decode()
    assert MARK in candidates.stored("v1", f"output/model/{name}")["Body"].read().decode()


def test_the_decision_stands_on_the_candidates_mlflow_run(candidates, registry):
    decision = candidates.judged("v1", 9.0)

    run = registry.get_run(candidates.runs["v1"])
    assert decision["reason"] in run.data.tags.values()
    [folder] = [item.path for item in registry.list_artifacts(run.info.run_id)]
    names = {item.path.removeprefix(f"{folder}/") for item in registry.list_artifacts(run.info.run_id, folder)}
    assert names == {"decision.json", "model_card.html", "model_card.md"}
    assert decision["reason"] in artifacts.load_text(f"runs:/{run.info.run_id}/{folder}/{CARD_MARKDOWN}")


def test_why_a_training_began_that_nobody_has_asked_for_stands_beside_its_decision_and_on_its_run(candidates, registry):
    event = {"version": "v1", "bundle": candidates.put("v1", 9.0), "trigger": "new data: e"}

    decision = judge.handler(event, CONTEXT)

    assert decision["trigger"] == "new data: e"
    assert json.loads(candidates.stored("v1", "decision.json")["Body"].read()) == decision
    assert registry.get_run(candidates.runs["v1"]).data.tags[tracking.TRIGGER_TAG] == "new data: e"
    candidates.judged("v2", 8.0)
    assert tracking.TRIGGER_TAG not in registry.get_run(candidates.runs["v2"]).data.tags


def test_a_later_candidate_is_held_against_the_champion(candidates):
    promote.handler(candidates.judged("v1", 8.0), CONTEXT)

    decision = candidates.judged("v2", 7.0)

    assert decision["champion"] == "v1"
    assert not decision["promote"]
    assert "mae 3 is no better than 2 of the champion" in decision["reason"]


def test_judging_again_after_a_crash_leaves_the_same(candidates):
    uri = candidates.put("v1", 9.0)
    first, second = judge_bundle(uri, "v1"), judge_bundle(uri, "v1")

    def but_for_time(decision):
        return {**decision, "gates": [gate for gate in decision["gates"] if gate["name"] != "latency"]}

    assert but_for_time(first) == but_for_time(second)
    assert json.loads(candidates.stored("v1", "decision.json")["Body"].read()) == second


def test_without_the_run_in_mlflow_there_is_no_decision(candidates):
    uri = candidates.put("v1", 9.0, mlflow_run="0" * 32)

    with pytest.raises(MlflowException):
        judge_bundle(uri, "v1")
    assert candidates.beside("v1") == []


def test_a_missing_card_is_a_reason_and_the_other_card_is_stored(candidates):
    candidates.put("v1", 9.0)
    files = constant_bundle(9.0, mlflow_run=candidates.runs["v1"])
    del files[CARD_MARKDOWN]
    uri = candidates.put_files("v1", signed(files))

    decision = judge_bundle(uri, "v1")

    assert decision["reason"] == f"the bundle lacks {CARD_MARKDOWN}; train again"
    assert sorted(candidates.beside("v1")) == ["decision.json", "model_card.html"]


def test_an_incomplete_bundle_is_named(candidates):
    files = constant_bundle(9.0)
    del files[MODEL]

    with pytest.raises(BrokenBundle, match=r"model\.json does not exist"):
        judge_bundle(candidates.put_files("v1", files), "v1")


def test_the_archive_becomes_the_bundles_folder_and_its_manifest_comes_last(candidates, monkeypatch):
    written = []

    def write(client, *, key, **arguments):
        written.append(key.rpartition("/")[2])
        return put_if_unchanged(client, key=key, **arguments)

    monkeypatch.setattr(model_store, "put_if_unchanged", write)
    uri = candidates.put_files("v1", files := constant_bundle(9.0))
    with pytest.raises(MlflowException):
        judge_bundle(uri, "v1")

    assert sorted(candidates.bundle("v1")) == sorted(files)
    assert sorted(written) == sorted(files)
    assert written[-1] == MANIFEST


def test_a_bundle_once_unpacked_is_never_replaced(candidates):
    candidates.judged("v1", 9.0)
    before = candidates.stored("v1", f"output/model/{MODEL}")["Body"].read()

    # Another archive in the same place, and the bundle that was judged stays.
    candidates.judged("v1", 5.0)

    assert candidates.stored("v1", f"output/model/{MODEL}")["Body"].read() == before


def test_an_archive_cut_off_in_transfer_leaves_no_bundle(candidates):
    whole = packed(constant_bundle(9.0))

    with pytest.raises(BrokenBundle, match="is not a whole archive"):
        judge_bundle(candidates.put_archive("v1", whole[: len(whole) // 2]), "v1")
    assert candidates.bundle("v1") == []


@pytest.mark.parametrize("name", ["../../champions/houses.json", "/etc/passwd", "folder/model.json"])
def test_a_file_outside_the_model_folder_is_refused_and_nothing_is_unpacked(candidates, name):
    with pytest.raises(BrokenBundle, match="no file of a bundle"):
        judge_bundle(candidates.put_files("v1", {**constant_bundle(9.0), name: b"{}"}), "v1")
    assert candidates.bundle("v1") == []


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("uri", ["s3://elsewhere/models/houses/v1/", "file:///etc/passwd", "models/houses/v1"])
def test_a_bundle_outside_the_model_bucket_is_refused(uri):
    with pytest.raises(BrokenBundle, match="not in the model bucket"):
        judge_bundle(uri, "v1")
