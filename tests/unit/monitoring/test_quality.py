"""Live quality against what the holdout promised: a fall is told from chance."""

import math
import random

import numpy as np
import pytest

from evergreen.judging.dependence import Units
from evergreen.metrics import Outcomes, metric_of
from evergreen.monitoring.quality import assess

TRIALS = 60
# Of 60 checks at 1%, chance lets more than 2 go wrong in 2% of the cases.
TOLERATED = 2
CLASSES = ("no", "yes")


def prices(count: int, *, error: float, generator: random.Random) -> Outcomes:
    """Predictions whose relative error is normal, with the given standard deviation."""
    actual = [generator.uniform(100, 200) for _ in range(count)]
    return Outcomes(actual=actual, predicted=[value * (1 + generator.gauss(0, error)) for value in actual])


def answers(count: int, *, right: float, generator: random.Random) -> Outcomes:
    """A classifier that says so with 80%, and is right in the given share of the cases."""
    predicted = [generator.choice(CLASSES) for _ in range(count)]
    actual = [label if generator.random() < right else CLASSES[1 - CLASSES.index(label)] for label in predicted]
    return Outcomes(
        actual=actual,
        predicted=predicted,
        probabilities=[[0.8 if label == name else 0.2 for name in CLASSES] for label in predicted],
        classes=CLASSES,
    )


# A metric, rows of a quality that the holdout has, and of one that is better, and of one that is clearly worse.
CASES = {
    "mape": (prices, {"error": 0.1}, {"error": 0.05}, {"error": 0.2}),
    "log_loss": (answers, {"right": 0.8}, {"right": 0.95}, {"right": 0.5}),
    "accuracy": (answers, {"right": 0.8}, {"right": 0.95}, {"right": 0.5}),
}


def falls(metric: str, holdout: dict, live: dict, *, trials: int = TRIALS, labels: int = 60) -> int:
    """How often "fell" is said."""
    make = CASES[metric][0]
    generator = random.Random(metric)
    return sum(
        assess(metric, make(120, **holdout, generator=generator), make(labels, **live, generator=generator)).fell
        for _ in range(trials)
    )


@pytest.mark.parametrize("metric", CASES)
def test_quality_that_is_as_promised_is_seldom_said_to_have_fallen(metric):
    _, promised, _, _ = CASES[metric]

    assert falls(metric, promised, promised) <= TOLERATED


@pytest.mark.parametrize("metric", CASES)
def test_quality_that_is_better_than_promised_has_not_fallen(metric):
    _, promised, better, _ = CASES[metric]

    assert falls(metric, promised, better, trials=10) == 0


@pytest.mark.parametrize("metric", CASES)
def test_quality_that_is_clearly_worse_has_fallen(metric):
    _, promised, _, worse = CASES[metric]

    assert falls(metric, promised, worse, trials=10) >= 9


@pytest.mark.parametrize(
    ("metric", "truth"),
    [
        # The mean of a half-normal distribution.
        ("mape", 0.1 * math.sqrt(2 / math.pi)),
        ("log_loss", -0.8 * math.log(0.8) - 0.2 * math.log(0.2)),
        ("accuracy", 0.8),
    ],
)
def test_the_interval_covers_the_truth_about_as_often_as_it_should(metric, truth):
    make, promised, _, _ = CASES[metric]
    generator = random.Random(7)
    holdout = make(30, **promised, generator=generator)

    found = [assess(metric, holdout, make(80, **promised, generator=generator)) for _ in range(40)]

    # At 95%, chance lets fewer than 35 cover it in 1% of the cases.
    assert sum(item.low <= truth <= item.high for item in found) >= 35
    assert all(item.low <= item.live <= item.high for item in found)
    # And says something.
    assert all(item.high - item.low < truth for item in found)


def test_the_values_are_those_of_the_metric_on_all_rows():
    generator = random.Random(1)
    holdout, live = (prices(count, error=0.1, generator=generator) for count in (100, 50))

    found = assess("mape", holdout, live)

    assert found.metric == "mape"
    assert found.promised == metric_of("mape").measure(holdout)
    assert found.live == metric_of("mape").measure(live)
    assert found.labels == 50
    assert found.as_dict()["fell"] is found.fell


def test_a_perfect_model_on_one_row_has_not_fallen():
    perfect = Outcomes(actual=[1.0], predicted=[1.0])

    found = assess("mae", perfect, perfect)

    assert (found.live, found.low, found.high, found.promised, found.fell) == (0, 0, 0, 0, False)


def test_the_same_rows_give_the_same_result():
    generator = random.Random(1)
    holdout, live = (prices(count, error=0.1, generator=generator) for count in (100, 50))

    assert assess("mape", holdout, live) == assess("mape", holdout, live)
    other = assess("mape", holdout, live, seed=1)
    assert other.low != assess("mape", holdout, live).low
    assert other.live == assess("mape", holdout, live).live


def test_labels_that_depend_on_each_other_count_for_fewer():
    """A day's predictions err together: ten days of a hundred say little more than ten labels."""
    generator = np.random.default_rng(0)
    actual = np.full(1000, 100.0)
    days = np.repeat(generator.normal(0, 0.1, 10), 100)
    holdout = Outcomes(actual=actual, predicted=100 * (1 + generator.normal(0, 0.1, 1000)))
    live = Outcomes(actual=actual, predicted=100 * (1.04 + days))

    known = assess("mape", holdout, live, live_units=Units(moments=np.arange(1000)))
    unknown = assess("mape", holdout, live)

    assert unknown.worth is None
    assert known.worth < 50
    assert known.high - known.low > 3 * (unknown.high - unknown.low)
    assert known.low < known.live < known.high


def test_rows_are_taken_with_their_probabilities():
    outcomes = Outcomes(
        actual=["no", "yes"], predicted=["yes", "yes"], probabilities=[[0.4, 0.6], [0.1, 0.9]], classes=CLASSES
    )

    assert outcomes.take([1, 1, 0]) == Outcomes(
        actual=["yes", "yes", "no"],
        predicted=["yes", "yes", "yes"],
        probabilities=[[0.1, 0.9], [0.1, 0.9], [0.4, 0.6]],
        classes=CLASSES,
    )
    assert Outcomes(actual=[1.0], predicted=[2.0]).take([0]).probabilities == ()
    # The champion says only what the metric needs: of log_loss the probabilities.
    assert Outcomes(actual=["a"], predicted=[], probabilities=[[1.0]], classes=["a"]).take([0]).predicted == ()
