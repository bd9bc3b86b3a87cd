"""The bootstrap: its figures are the metrics' own, and its spread is that of rows drawn again."""

import numpy as np
import pytest
from scipy.stats import norm, ttest_rel

from evergreen.judging.bootstrap import _sample, estimate, losses, measure, paired_gain, unpaired_gain
from evergreen.metrics import CLASSIFICATION, REGRESSION, Outcomes, examples, metric_of

CLASSES = ("a", "b", "c")
OF_STEPS = ("median_absolute_error", "recall_at_precision")
ALL = [*examples(REGRESSION), *examples(CLASSIFICATION), "recall_at_precision_0.5"]


def outcomes(metric: str, *, rows: int = 200, seed: int = 1, skill: float = 0.7, truth_seed: int = 0) -> Outcomes:
    """Of a model of some skill, from 0 to 1; the truth is the same for the same rows and truth_seed."""
    truths, own = np.random.default_rng(truth_seed), np.random.default_rng(seed)
    if metric_of(metric).task == CLASSIFICATION:
        actual = truths.choice(["a", "b", "unknown"], rows, p=[0.6, 0.3, 0.1])
        predicted = np.where(own.random(rows) < skill, actual, own.choice(CLASSES, rows))
        given = own.dirichlet([1.0, 1.0, 1.0], rows)
        return Outcomes(
            actual=actual.tolist(), predicted=predicted.tolist(), probabilities=given.tolist(), classes=CLASSES
        )
    actual = truths.lognormal(size=rows)
    predicted = actual * (1 + (1 - skill) * own.standard_t(5, rows))
    if metric == "rmsle":
        predicted = np.abs(predicted)
    return Outcomes(actual=actual.tolist(), predicted=predicted.tolist())


def rows_of(given: Outcomes, places: np.ndarray) -> Outcomes:
    return Outcomes(
        actual=[given.actual[place] for place in places],
        predicted=[given.predicted[place] for place in places],
        probabilities=[given.probabilities[place] for place in places] if given.probabilities else (),
        classes=given.classes,
    )


def better_of(metric: str) -> tuple[Outcomes, Outcomes]:
    """Two models, the first clearly better."""
    worse = outcomes(metric, seed=2, skill=0.3)
    if not metric_of(metric).of_probabilities:
        return outcomes(metric, skill=0.9), worse
    sure = [[0.9 if label == actual else 0.05 for label in CLASSES] for actual in worse.actual]
    return Outcomes(actual=worse.actual, predicted=(), probabilities=sure, classes=CLASSES), worse


@pytest.mark.parametrize("metric", ALL)
def test_the_gain_is_the_difference_of_the_metrics_themselves(metric):
    candidate, champion = outcomes(metric, seed=1), outcomes(metric, seed=2)
    difference = metric_of(metric).measure(candidate) - metric_of(metric).measure(champion)
    sign = 1 if metric_of(metric).higher_is_better else -1

    for gain in (paired_gain, unpaired_gain):
        found = gain(metric, candidate, champion, seed=0, confidence=0.975, resamples=10)
        assert found.value == pytest.approx(sign * difference, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("metric", ALL)
def test_a_better_candidate_gains_whatever_the_metrics_direction(metric):
    better, worse = better_of(metric)

    assert paired_gain(metric, better, worse, seed=0, confidence=0.975, resamples=500).low > 0
    assert paired_gain(metric, worse, better, seed=0, confidence=0.975, resamples=500).high < 0


@pytest.mark.parametrize("metric", ALL)
def test_a_model_gains_nothing_over_itself(metric):
    model = outcomes(metric)

    found = paired_gain(metric, model, model, seed=0, confidence=0.975, resamples=100)

    assert (found.value, found.low, found.high, found.differing) == (0.0, 0.0, 0.0, 0)


@pytest.mark.parametrize("metric", ALL)
def test_the_interval_is_that_of_measuring_rows_drawn_again(metric):
    model = outcomes(metric, rows=150)
    generator = np.random.default_rng(3)
    measured = [metric_of(metric).measure(rows_of(model, generator.integers(150, size=150))) for _ in range(1000)]

    found = estimate(metric, model, seed=0, resamples=4000)
    low, high = found.low, found.high

    expected = np.quantile(measured, [0.025, 0.975])
    near = 0.15 * (expected[1] - expected[0])
    if metric.startswith(OF_STEPS):
        # A draw of few different values is not normal: one of the two bounds is far wider than the other.
        assert low <= expected[0] + near
        assert high >= expected[1] - near
    else:
        assert [low, high] == pytest.approx(expected, abs=near)
    assert low < metric_of(metric).measure(model) < high


def test_the_same_seed_gives_the_same_bounds_and_another_seed_others():
    candidate, champion = outcomes("mae", seed=1), outcomes("mae", seed=2)

    def gain(seed: int):
        return paired_gain("mae", candidate, champion, seed=seed, confidence=0.975, resamples=200)

    assert gain(0) == gain(0)
    assert gain(0) != gain(1)


def test_on_the_same_rows_two_models_are_told_apart_more_sharply():
    truth = np.random.default_rng(0).lognormal(size=300)
    hard = np.random.default_rng(1).standard_normal(300)
    one, other = (Outcomes(actual=truth, predicted=truth * (1 + size * hard)) for size in (0.10, 0.11))

    paired, unpaired = (
        gain("mape", one, other, seed=0, confidence=0.975, resamples=500) for gain in (paired_gain, unpaired_gain)
    )

    assert paired.low > 0 > unpaired.low


def test_only_rows_that_differ_are_counted_as_telling():
    actual = ["a"] * 20
    champion = Outcomes(actual=actual, predicted=["a"] * 15 + ["b"] * 5)
    candidate = Outcomes(actual=actual, predicted=["a"] * 18 + ["b"] * 2)

    assert paired_gain("accuracy", candidate, champion, seed=0, confidence=0.975).differing == 3


def test_more_confidence_is_a_lower_bound():
    candidate, champion = outcomes("mae", seed=1), outcomes("mae", seed=2)

    low = [paired_gain("mae", candidate, champion, seed=0, confidence=sure).low for sure in (0.9, 0.975, 0.999)]

    assert low == sorted(low, reverse=True)


def test_the_score_is_that_of_a_paired_t_test():
    candidate, champion = outcomes("mae", seed=1), outcomes("mae", seed=2)
    errors = (np.abs(np.subtract(each.actual, each.predicted)) for each in (champion, candidate))

    found = paired_gain("mae", candidate, champion, seed=0, confidence=0.975)

    assert found.score == pytest.approx(norm.isf(ttest_rel(*errors, alternative="greater").pvalue), rel=0.1)
    assert paired_gain("mae", champion, candidate, seed=0, confidence=0.975).score == pytest.approx(-found.score)


def test_models_that_differ_nowhere_have_a_score_of_0():
    candidate = outcomes("accuracy", seed=1)

    assert paired_gain("accuracy", candidate, candidate, seed=0, confidence=0.975).score == 0


def test_a_hundred_classes_are_drawn_block_by_block():
    generator = np.random.default_rng(0)
    actual, one, other = (generator.integers(100, size=3000).tolist() for _ in range(3))
    labels = [[f"class {label}" for label in column] for column in (actual, one, other)]
    candidate, champion = (Outcomes(actual=labels[0], predicted=column) for column in labels[1:])

    found = paired_gain("f1_macro", candidate, champion, seed=0, confidence=0.975, resamples=700)

    assert found.low < found.value < found.high


def test_the_influence_of_a_row_is_how_much_the_metric_changes_with_its_weight():
    """Against a row that is there once more, in a sample so large that the change is a derivative."""
    for metric in ("roc_auc", "average_precision", "r2"):
        model = outcomes(metric, rows=2000)
        influence = _sample(metric, [model]).influence()[0]
        influence -= influence.mean()
        value = metric_of(metric).measure(model)
        for row in range(0, 2000, 97):
            more = metric_of(metric).measure(rows_of(model, np.append(np.arange(2000), row)))
            assert influence[row] / 2001 == pytest.approx(more - value, abs=0.03 * np.abs(influence).max() / 2001)


def test_a_draw_that_lacks_a_class_tells_nothing():
    """With one row of the class, more than a third of the draws lack it: no model is surely better."""
    actual = ["yes"] + ["no"] * 40
    scores = [[0.1, 0.9]] + [[0.9 - place / 100, 0.1 + place / 100] for place in range(40)]
    guessed = [[0.5, 0.5]] * 41
    sure, unsure = (
        Outcomes(actual=actual, predicted=actual, probabilities=each, classes=("no", "yes"))
        for each in (scores, guessed)
    )

    found = paired_gain("roc_auc", sure, unsure, seed=0, confidence=0.975)

    assert found.value == 0.5
    assert found.low <= 0
    assert np.isfinite([found.low, found.high]).all()


def test_a_wild_truth_does_not_make_r2_good():
    """It makes the spread of the truths wide, beside which every error is small."""
    model = outcomes("r2", rows=300, skill=0.0)
    wild = Outcomes(actual=[*model.actual, 1e6], predicted=[*model.predicted, 1.0])
    most = float(np.max(losses("r2", model)))

    assert metric_of("r2").measure(model) < 0 < metric_of("r2").measure(wild) + 0.01
    assert measure("r2", wild, ceiling=most) < 0.1
