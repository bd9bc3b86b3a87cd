"""Which challenger of a renewal takes the champion's place, from bundles in memory."""

import numpy as np
import pytest

from evergreen.feature_store.views import Typed, View
from evergreen.renewal.evidence import Evidence
from evergreen.renewal.ledger import Model
from evergreen.renewal.rule import ALL, HALF, LAST, Standing
from evergreen.settings.sections import PromotionSettings
from evergreen.versions.bundle import CONTRACT, MODEL, Bundle
from functions.judge.renewing import Entrant, renew
from tests.bundles import changed, constant_bundle

FIRST = Standing(champion=ALL, rows=100)
# The truth lies around 10, so that a model that says 10 is best, and none is exactly right.
TRUTHS = [10 + noise for noise in np.random.default_rng(0).normal(0, 1, 60)]


def bundle(prediction, **changes):
    return Bundle.read(constant_bundle(prediction, truths=TRUTHS, **changes).__getitem__)


def entrant(name, prediction, *, version=None, **changes):
    found = changes.pop("bundle", None) or bundle(prediction, **changes)
    version = version or f"version of {name}"
    return Entrant(name=name, model=Model(version=version, bundle=f"{version}/", digest=found.digest), bundle=found)


def earlier(version, prediction, **changes):
    return entrant(version, prediction, version=version, **changes)


def renewed(windows, *, champion=8.0, before=(), standing=FIRST, **changes):
    return renew(windows, before, bundle(champion), standing, version="present", **changes)


def judged(found, name):
    return next(each for each in found.judgements if each.entrant.name == name)


def test_a_challenger_that_is_surely_better_takes_the_champions_place():
    found = renewed([entrant(ALL, 8.5), entrant(HALF, 10.0)])

    assert found.winner.name == HALF
    assert "half is ahead of the champion beyond chance" in found.reason
    assert found.standing == Standing(champion=HALF, rows=100, predecessor="present", moving=True)


def test_one_that_is_no_better_does_not_and_what_the_period_told_is_kept():
    found = renewed([entrant(ALL, 7.0), entrant(HALF, 6.0)])

    assert found.winner is None
    assert found.standing.periods == 1
    assert found.standing.evidence.keys() == {ALL, HALF}
    assert all(each.lead < 0 for each in found.standing.evidence.values())


def test_what_earlier_periods_have_told_counts():
    doubtful = [entrant(ALL, 9.99)]
    alone = renewed(doubtful, champion=9.6)
    evidence = Evidence()
    for _ in range(6):
        evidence = evidence.and_then(1.9, error=1, rival=1.1)

    with_others = renewed(doubtful, champion=9.6, standing=Standing(champion=LAST, rows=100, evidence={ALL: evidence}))

    assert alone.winner is None
    assert with_others.winner.name == ALL


def test_an_earlier_champion_is_held_against_the_present_one_on_the_same_rows():
    found = renewed([entrant(ALL, 7.9999)], before=[earlier("20260101", 10.0)])

    assert found.winner.name == "20260101"
    assert found.winner.is_earlier
    assert found.standing.champion == "20260101"
    assert judged(found, "20260101").rival == pytest.approx(judged(found, ALL).rival)


def test_each_loser_keeps_its_own_reason():
    found = renewed([entrant(ALL, 9.5), entrant(HALF, 10.0)])

    assert judged(found, HALF).reason == found.reason
    assert judged(found, ALL).reason.startswith("mae 0.")
    assert " of the champion; " in judged(found, ALL).reason
    assert " standard errors ahead in 1 period, odds of " in judged(found, ALL).reason
    gate = judged(found, ALL).gates[-1]
    assert (gate.name, gate.passed) == ("renewal", False)
    assert "champion" not in {gate.name for gate in judged(found, ALL).gates}


@pytest.mark.parametrize(
    ("changes", "gate"),
    [
        ({"claimed": 10.5}, "parity"),
        ({"promotion": PromotionSettings(max_model_mb=1e-9)}, "size"),
        ({"feature": "halls"}, "contract"),
        ({"towns": ["a"] * len(TRUTHS)}, "contract"),
    ],
)
def test_a_challenger_that_may_not_serve_is_out_however_good_it_is(changes, gate):
    found = renewed([entrant(ALL, 9.0), entrant(HALF, 10.0, **changes)])

    assert found.winner.name == ALL
    assert {each.name for each in judged(found, HALF).gates if not each.passed} >= {gate, "renewal"}
    assert HALF not in found.standing.evidence


VIEW = View(name="market", keys=(Typed("city", "string"),), features=(Typed("rooms", "double"),))


def test_whoever_was_trained_with_features_that_are_not_online_is_out_earlier_champions_too():
    entrants = [entrant(ALL, 9.0), entrant(HALF, 10.0, views=[VIEW])]
    before = [earlier("20260101", 10.0, views=[VIEW])]

    found = renewed(entrants, before=before, online=lambda _contract: ["market is empty"])

    assert found.winner.name == ALL
    for name in (HALF, "20260101"):
        assert judged(found, name).reason == "market is empty"
        assert "features" in {gate.name for gate in judged(found, name).gates}
    assert "features" not in {gate.name for gate in judged(found, ALL).gates}
    assert renewed(entrants, before=before, online=lambda _contract: []).winner.name != ALL


def test_an_earlier_champion_that_would_break_callers_is_out():
    found = renewed([entrant(ALL, 7.0)], before=[earlier("20260101", 10.0, feature="halls")])

    assert found.winner is None
    assert "would break callers" in judged(found, "20260101").reason


def test_a_champion_that_is_its_own_challenger_is_out():
    same = bundle(8.0)

    found = renew([entrant(ALL, 8.0, bundle=same)], [], same, FIRST, version="present")

    assert found.winner is None
    assert judged(found, ALL).reason == "it is the same model as the champion"


def test_with_no_challenger_left_nothing_is_learned():
    found = renewed([entrant(ALL, 10.0, claimed=10.5)])

    assert found.winner is None
    assert found.reason == "no challenger could be held against the champion"
    assert found.standing == FIRST


def test_the_champions_bundle_is_checked_as_any():
    broken = changed(constant_bundle(8.0, truths=TRUTHS), MODEL, steps="no steps")

    with pytest.raises(Exception, match="model.json"):
        renew([entrant(ALL, 10.0)], [], Bundle.read(broken.__getitem__), FIRST, version="present")
    assert CONTRACT in broken
