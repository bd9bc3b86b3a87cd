"""The bootstrap: its figures are the metrics' own, and its spread is that of rows drawn again."""

import numpy as np
import pytest

from evergreen.judging.bootstrap import estimate, paired_gain, unpaired_gain
from evergreen.metrics import CLASSIFICATION, METRICS, Outcomes

CLASSES = ("a", "b", "c")


def outcomes(metric: str, *, rows: int = 200, seed: int = 1, skill: float = 0.7, truth_seed: int = 0) -> Outcomes:
    """Of a model of some skill, from 0 to 1; the truth is the same for the same rows and truth_seed."""
    truths, own = np.random.default_rng(truth_seed), np.random.default_rng(seed)
    if METRICS[metric].task == CLASSIFICATION:
        actual = truths.choice(["a", "b", "unknown"], rows, p=[0.6, 0.3, 0.1])
        predicted = np.where(own.random(rows) < skill, actual, own.choice(CLASSES, rows))
        given = own.dirichlet([1.0, 1.0, 1.0], rows)
        return Outcomes(
            actual=actual.tolist(), predicted=predicted.tolist(), probabilities=given.tolist(), classes=CLASSES
        )
    actual = truths.lognormal(size=rows)
    predicted = actual * (1 + (1 - skill) * own.standard_t(5, rows))
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
    if metric != "log_loss":
        return outcomes(metric, skill=0.9), worse
    sure = [[0.9 if label == actual else 0.05 for label in CLASSES] for actual in worse.actual]
    return Outcomes(actual=worse.actual, predicted=(), probabilities=sure, classes=CLASSES), worse


@pytest.mark.parametrize("metric", METRICS)
def test_the_gain_is_the_difference_of_the_metrics_themselves(metric):
    candidate, champion = outcomes(metric, seed=1), outcomes(metric, seed=2)
    difference = METRICS[metric].measure(candidate) - METRICS[metric].measure(champion)
    sign = 1 if METRICS[metric].higher_is_better else -1

    for gain in (paired_gain, unpaired_gain):
        found = gain(metric, candidate, champion, seed=0, confidence=0.975, resamples=10)
        assert found.value == pytest.approx(sign * difference, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_a_better_candidate_gains_whatever_the_metrics_direction(metric):
    better, worse = better_of(metric)

    assert paired_gain(metric, better, worse, seed=0, confidence=0.975, resamples=500).low > 0
    assert paired_gain(metric, worse, better, seed=0, confidence=0.975, resamples=500).high < 0


@pytest.mark.parametrize("metric", METRICS)
def test_a_model_gains_nothing_over_itself(metric):
    model = outcomes(metric)

    found = paired_gain(metric, model, model, seed=0, confidence=0.975, resamples=100)

    assert (found.value, found.low, found.high, found.differing) == (0.0, 0.0, 0.0, 0)


@pytest.mark.parametrize("metric", METRICS)
def test_the_interval_is_that_of_measuring_rows_drawn_again(metric):
    model = outcomes(metric, rows=150)
    generator = np.random.default_rng(3)
    measured = [METRICS[metric].measure(rows_of(model, generator.integers(150, size=150))) for _ in range(1000)]

    found = estimate(metric, model, seed=0, resamples=4000)
    low, high = found.low, found.high

    expected = np.quantile(measured, [0.025, 0.975])
    assert [low, high] == pytest.approx(expected, abs=0.15 * (expected[1] - expected[0]))
    assert low < METRICS[metric].measure(model) < high


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


def test_a_hundred_classes_are_drawn_block_by_block():
    generator = np.random.default_rng(0)
    actual, one, other = (generator.integers(100, size=3000).tolist() for _ in range(3))
    labels = [[f"class {label}" for label in column] for column in (actual, one, other)]
    candidate, champion = (Outcomes(actual=labels[0], predicted=column) for column in labels[1:])

    found = paired_gain("f1_macro", candidate, champion, seed=0, confidence=0.975, resamples=700)

    assert found.low < found.value < found.high
