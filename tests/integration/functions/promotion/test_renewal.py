"""Judge of a renewal against S3 (moto) and a real MLflow server's store (sqlite), and Promote after it."""

import json
from dataclasses import asdict

import pytest

from evergreen import tracking
from evergreen.errors import PromotionConflict
from evergreen.renewal.ledger import Model
from evergreen.renewal.rule import ALL, HALF, Standing
from evergreen.versions.bundle import REFIT_FILES
from functions.judge import handler as judge
from functions.model_store import model_store
from functions.promote import handler as promote
from tests.integration.functions.promotion.candidates import CONTEXT

TRUTHS = [10 + (place % 7 - 3) / 3 for place in range(60)]


@pytest.fixture
def champion(candidates):
    """A first champion, as the ledger has it."""
    decision = candidates.judged("v1", 8.0, truths=TRUTHS)
    promote.handler(decision, CONTEXT)
    return Model(**{name: decision[name] for name in ("version", "bundle", "digest")})


def renewed(champion, candidates, predictions, *, earlier=(), again=None):
    """Judge's answer about a challenger for each window that predicts one number."""
    found = [
        {
            "window": window,
            "version": f"v-{window}",
            "bundle": candidates.put(f"v-{window}", prediction, mlflow_version="2", again=again, truths=TRUTHS),
            "seconds": 10,
        }
        for window, prediction in predictions.items()
    ]
    event = {
        "candidates": found,
        "champion": asdict(champion),
        "earlier": [asdict(each) for each in earlier],
        "standing": asdict(Standing(champion=ALL, rows=100)),
        "reason": "quality fell",
    }
    return judge.handler(event, CONTEXT)


def test_the_winner_is_what_promote_needs(candidates, champion):
    decision = renewed(champion, candidates, {ALL: 8.1, HALF: 10.0})

    assert (decision["promote"], decision["version"], decision["champion"]) == (True, "v-half", "v1")
    promote.handler(decision, CONTEXT)
    assert candidates.pointer().version == "v-half"


def test_each_challenger_has_its_decision_beside_its_bundle_and_on_its_run(candidates, champion, registry):
    renewed(champion, candidates, {ALL: 8.1, HALF: 10.0})

    for version, promoted in (("v-all", False), ("v-half", True)):
        stored = json.loads(candidates.stored(version, "decision.json")["Body"].read())
        assert (stored["version"], stored["promote"]) == (version, promoted)
        assert stored["renewal"] == {"reason": "quality fell", "window": version.removeprefix("v-")}
        assert {gate["name"] for gate in stored["gates"]} >= {"parity", "documents", "contract", "renewal"}
        tags = registry.get_run(candidates.runs[version]).data.tags
        assert tags[tracking.DECISION_TAG] == (tracking.PROMOTED if promoted else tracking.REFUSED)
        assert tags[tracking.REASON_TAG] == stored["reason"]
        assert stored["reason"] in candidates.stored(version, "model_card.html")["Body"].read().decode()


def test_what_the_period_told_goes_back_to_the_ledger(candidates, champion):
    decision = renewed(champion, candidates, {ALL: 7.0})

    assert not decision["promote"]
    assert decision["standing"]["periods"] == 1
    [challenger] = decision["challengers"]
    assert (challenger["name"], challenger["version"]) == (ALL, "v-all")
    assert challenger["error"] > challenger["rival"]
    assert decision["summary"] == "mae on the newest labelled rows: 2.967 of all, 1.967 of the champion"
    # The state machine carries all of it.
    assert len(json.dumps(decision)) < 10_000


def test_an_earlier_champion_wins_by_its_pointer_alone(candidates, champion):
    better = candidates.judged("v0", 10.0, truths=TRUTHS)
    before = Model(**{name: better[name] for name in ("version", "bundle", "digest")})

    decision = renewed(champion, candidates, {ALL: 7.0}, earlier=[before])

    assert (decision["version"], decision["bundle"]) == ("v0", before.bundle)
    promote.handler(decision, CONTEXT)
    assert candidates.pointer().version == "v0"


def test_an_earlier_champion_that_is_gone_is_left_out(candidates, champion):
    gone = Model(version="v0", bundle="models/houses/v0/output/model/", digest="d")

    decision = renewed(champion, candidates, {ALL: 10.0}, earlier=[gone])

    assert decision["version"] == "v-all"
    assert [each["name"] for each in decision["challengers"]] == [ALL]


def test_a_champion_that_has_changed_since_is_not_judged_against(candidates, champion):
    newer = candidates.judged("v2", 10.0, truths=TRUTHS)
    promote.handler(newer, CONTEXT)

    with pytest.raises(PromotionConflict, match="v2 is champion by now, and v1 was when the renewal began"):
        renewed(champion, candidates, {ALL: 10.0})


def test_a_retry_decides_the_same(candidates, champion):
    assert renewed(champion, candidates, {ALL: 10.0}) == renewed(champion, candidates, {ALL: 10.0})


def test_what_was_fitted_again_serves_and_what_was_measured_stays(candidates, champion, registry):
    decision = renewed(champion, candidates, {ALL: 8.1, HALF: 10.0}, again=10.1)

    assert (decision["version"], decision["standing"]["rows"]) == ("v-half", 100 + len(TRUTHS))
    assert decision["summary"].endswith(
        "what serves was fitted again to 160 rows, those of the holdout among them: its predictions are 0.1 from the "
        "judged model's on average, the truth 0.5667"
    )
    promote.handler(decision, CONTEXT)
    served = candidates.pointer()
    assert served.bundle.startswith("models/houses/v-half/output/model/")
    bundle = model_store().bundle(served.bundle)
    assert bundle.digest == served.digest
    assert bundle.model().predict([1.0]) == 10.1
    assert {row.predicted for row in bundle.holdout()} == {10.0}
    assert not bundle.files.keys() & set(REFIT_FILES)
    stored = json.loads(candidates.stored("v-half", "decision.json")["Body"].read())
    assert (stored["promote"], stored["bundle"], stored["digest"]) == (True, served.bundle, served.digest)
    assert stored["gates"][-1]["name"] == "refit"
    assert registry.get_run(candidates.runs["v-half"]).data.tags[tracking.DECISION_TAG] == tracking.PROMOTED


def test_of_a_fit_that_went_astray_the_judged_model_serves(candidates, champion):
    decision = renewed(champion, candidates, {HALF: 10.0}, again=11.0)

    assert decision["promote"]
    assert "the model that was fitted again does not serve, the one that was judged does" in decision["summary"]
    promote.handler(decision, CONTEXT)
    assert candidates.pointer().bundle == "models/houses/v-half/output/model/"
    assert decision["standing"]["rows"] == 100


def test_an_earlier_champion_is_not_fitted_again(candidates, champion):
    better = candidates.judged("v0", 10.0, truths=TRUTHS, again=10.1)
    before = Model(**{name: better[name] for name in ("version", "bundle", "digest")})

    decision = renewed(champion, candidates, {ALL: 7.0}, earlier=[before], again=7.1)

    assert decision["bundle"] == before.bundle
    assert "fitted again" not in decision["summary"]
