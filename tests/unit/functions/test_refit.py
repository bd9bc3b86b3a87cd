"""Whether a model that was fitted again may serve in place of the one that was judged."""

import pytest

from evergreen.contract.contract import Contract
from evergreen.settings.sections import PromotionSettings
from evergreen.versions.bundle import CONTRACT, METRICS, REFIT_FILES, REFIT_HOLDOUT, Bundle, HoldoutRow
from functions.judge.refit import distance, refit_of
from tests.bundles import changed, constant_bundle, with_refit

TRUTHS = [9.0, 11.0] * 6
JUDGED = constant_bundle(10.0, truths=TRUTHS)
OLD, NEW = ("no", "yes"), ("maybe", "no", "yes")
CHAMPION = Contract.from_json(JUDGED[CONTRACT])


def found(files, champion=CHAMPION):
    return refit_of(Bundle({name: content for name, content in files.items() if name != "manifest.json"}), champion)


def test_without_one_there_is_nothing_to_judge():
    assert found(JUDGED) is None


@pytest.mark.parametrize(("again", "passed"), [(10.0, True), (10.9, True), (11.0, True), (11.1, False), (8.0, False)])
def test_it_may_move_as_far_as_the_truth_lies(again, passed):
    refit = found(with_refit(JUDGED, constant_bundle(again, truths=TRUTHS)))
    assert refit.gate.passed == passed


def test_a_judged_model_that_is_always_right_leaves_no_room():
    right = constant_bundle(10.0, truths=[10.0] * 12)
    assert found(with_refit(right, right)).gate.passed
    assert not found(with_refit(right, constant_bundle(10.01, truths=[10.0] * 12))).gate.passed


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda files: with_refit(files, constant_bundle(10.1, truths=TRUTHS, claimed=10.2)), "differs from scikit"),
        (
            lambda files: with_refit(
                changed(files, METRICS, promotion={**vars(PromotionSettings()), "max_model_mb": 1e-6}), files
            ),
            "the model has",
        ),
        (lambda files: with_refit(files, constant_bundle(10.1, truths=TRUTHS, feature="area")), "contract"),
    ],
)
def test_what_keeps_a_model_from_serving_keeps_it_too(change, why):
    gate = found(change(JUDGED)).gate
    assert not gate.passed
    assert "the one that was judged does" in gate.reason
    assert why in gate.reason


def test_probabilities_are_compared_class_by_class_and_a_new_class_is_no_fault():
    old, new = (Contract(task="classification", target="sold", features=(), classes=each) for each in (OLD, NEW))
    before = rows([0.9, 0.1], [0.2, 0.8])

    near = distance(before, rows([0.0, 0.85, 0.15], [0.05, 0.1, 0.85]), old, new)
    assert near.numbers == {"moved": pytest.approx(0.075), "truth": pytest.approx(0.15)}
    assert near.passed

    far = distance(before, rows([0.1, 0.9], [0.9, 0.1]), old, old)
    assert far.numbers["moved"] == pytest.approx(0.75)
    assert not far.passed


def rows(*probabilities):
    return [
        HoldoutRow(features={}, actual=actual, predicted=actual, probabilities=given)
        for actual, given in zip(("no", "yes"), probabilities, strict=True)
    ]


def test_what_serves_is_a_bundle_like_any_other():
    refit = found(with_refit(JUDGED, constant_bundle(10.1, truths=TRUTHS)))
    assert Bundle.read(lambda name: refit.files[name]).model().predict([1.0]) == 10.1
    assert not refit.files.keys() & set(REFIT_FILES)
    assert REFIT_HOLDOUT not in refit.bundle.files
