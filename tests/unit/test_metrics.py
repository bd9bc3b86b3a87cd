"""Our metrics are scikit-learn's."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

from evergreen.metrics import METRICS, REGRESSION, Outcomes, measure_all, metric_of, why_unknown

PEERS = {
    "mape": peer.mean_absolute_percentage_error,
    "mae": peer.mean_absolute_error,
    "rmse": peer.root_mean_squared_error,
    "median_absolute_error": peer.median_absolute_error,
    "pinball_0.9": lambda actual, predicted: peer.mean_pinball_loss(actual, predicted, alpha=0.9),
    "accuracy": peer.accuracy_score,
    "balanced_accuracy": peer.balanced_accuracy_score,
    "f1_macro": lambda actual, predicted: peer.f1_score(actual, predicted, average="macro"),
}
# Squares of numbers that are far apart are rounded differently.
PEERS_OF_LIKE_NUMBERS = {"r2": peer.r2_score, "rmsle": peer.root_mean_squared_log_error}
CLASSES = ("a", "b", "c")
numbers = st.floats(min_value=-1e9, max_value=1e9, allow_subnormal=False)
labels = st.sampled_from(CLASSES)


def close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
@pytest.mark.parametrize("name", PEERS)
@given(data=st.data())
def test_a_metric_gives_what_scikit_learn_gives(name, data):
    values = numbers if metric_of(name).task == REGRESSION else labels
    actual, predicted = zip(*data.draw(st.lists(st.tuples(values, values), min_size=1, max_size=30)), strict=True)

    assert close(metric_of(name).measure(Outcomes(actual=actual, predicted=predicted)), PEERS[name](actual, predicted))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", PEERS_OF_LIKE_NUMBERS)
def test_a_metric_of_squares_gives_what_scikit_learn_gives(name, seed):
    generator = np.random.default_rng(seed)
    actual, predicted = generator.lognormal(size=(2, int(generator.integers(2, 500)))).tolist()

    found = metric_of(name).measure(Outcomes(actual=actual, predicted=predicted))

    assert close(found, PEERS_OF_LIKE_NUMBERS[name](actual, predicted))


def test_r2_of_truths_that_are_all_alike_is_scikit_learns():
    for predicted in ([2.0, 2.0], [2.0, 3.0]):
        found = metric_of("r2").measure(Outcomes(actual=[2.0, 2.0], predicted=predicted))
        assert found == peer.r2_score([2.0, 2.0], predicted)


def scored(seed: int, classes: int) -> Outcomes:
    """Rows of a classifier of some skill, among them equal scores."""
    generator = np.random.default_rng(seed)
    names = ("no", "yes") if classes == 2 else tuple(f"class {place}" for place in range(classes))
    rows = int(generator.integers(60, 300))
    actual = np.append(np.arange(classes), generator.integers(classes, size=rows))
    scores = generator.dirichlet(np.ones(classes), len(actual)) + 0.5 * np.eye(classes)[actual]
    # Few different scores: eighths of the smallest step that float64 has no rounding for.
    whole = np.floor(scores[:, :-1] / 1.5 / classes * 16) / 16
    shares = np.column_stack([whole, 1 - whole.sum(axis=1)])
    labels = [names[place] for place in actual]
    return Outcomes(actual=labels, predicted=labels, probabilities=shares.tolist(), classes=names)


def sklearns_recall(truth, score, level: float) -> float:
    precision, recall, _ = peer.precision_recall_curve(truth, score)
    return float(recall[precision >= level].max())


@pytest.mark.parametrize("seed", range(15))
def test_metrics_of_two_classes_are_scikit_learns_for_either_positive_class(seed):
    outcomes = scored(seed, 2)
    for place, label in enumerate(outcomes.classes):
        truth = [actual == label for actual in outcomes.actual]
        score = [row[place] for row in outcomes.probabilities]
        mine = replace(outcomes, positive=label)

        assert len(set(score)) < len(score)
        assert close(metric_of("roc_auc").measure(mine), peer.roc_auc_score(truth, score))
        assert close(metric_of("average_precision").measure(mine), peer.average_precision_score(truth, score))
        assert close(metric_of("brier").measure(mine), peer.brier_score_loss(truth, score))
        for level in (0.5, 0.9, 0.99):
            name = f"recall_at_precision_{level}"
            assert close(metric_of(name).measure(mine), sklearns_recall(truth, score, level))


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("classes", [3, 7])
def test_metrics_of_many_classes_are_scikit_learns(seed, classes):
    outcomes = scored(seed, classes)
    truth, shares = outcomes.actual, np.array(outcomes.probabilities)
    recalls = [
        sklearns_recall([actual == label for actual in truth], shares[:, place], 0.7)
        for place, label in enumerate(outcomes.classes)
    ]

    assert close(metric_of("roc_auc").measure(outcomes), peer.roc_auc_score(truth, shares, multi_class="ovr"))
    assert close(metric_of("average_precision").measure(outcomes), peer.average_precision_score(truth, shares))
    assert close(metric_of("brier").measure(outcomes), peer.brier_score_loss(truth, shares))
    assert close(metric_of("recall_at_precision_0.7").measure(outcomes), float(np.mean(recalls)))


def test_without_another_word_the_second_class_is_the_positive_one():
    outcomes = scored(0, 2)

    for name in ("average_precision", "recall_at_precision_0.9"):
        measure = metric_of(name).measure
        assert (
            measure(outcomes) == measure(replace(outcomes, positive="yes")) != measure(replace(outcomes, positive="no"))
        )


@pytest.mark.parametrize("name", ["pinball", "pinball_1.5", "pinball_0", "pinball_1", "pinball_0.90", "pinball_x"])
def test_a_metric_without_a_number_between_0_and_1_is_refused_by_an_example(name):
    with pytest.raises(ValueError, match=r"between 0 and 1, such as pinball_0\.9, got"):
        metric_of(name)


def test_an_unknown_metric_is_refused_by_those_that_there_are():
    with pytest.raises(ValueError, match=r"must be one of mape, .*, recall_at_precision_0\.9, got 'auc'"):
        metric_of("auc")


@pytest.mark.parametrize(
    ("name", "actual", "predicted", "why"),
    [
        ("rmsle", [1.0, 2.0], [1.0, -1.0], "a prediction is -1 or less"),
        ("rmsle", [-3.0, 2.0], [1.0, 1.0], "a prediction is -1 or less"),
        ("r2", [1.0], [1.0], "needs two rows"),
    ],
)
def test_numbers_that_a_metric_does_not_know_have_a_reason(name, actual, predicted, why):
    outcomes = Outcomes(actual=actual, predicted=predicted)

    assert why in why_unknown(name, outcomes)
    assert math.isnan(metric_of(name).measure(outcomes))
    assert name not in measure_all(outcomes, task=REGRESSION, chosen=name)


@pytest.mark.parametrize(
    ("name", "actual", "why"),
    [
        ("roc_auc", ["no", "no"], "rows of yes from others, and no row is of it"),
        ("roc_auc", ["yes", "yes"], "every row is of it"),
        ("average_precision", ["no", "no"], "no row is of it"),
    ],
)
def test_rows_of_one_class_alone_are_not_ranked(name, actual, why):
    outcomes = Outcomes(actual=actual, predicted=actual, probabilities=[[0.5, 0.5]] * 2, classes=("no", "yes"))

    assert why in why_unknown(name, outcomes)
    assert math.isnan(metric_of(name).measure(outcomes))


@pytest.mark.parametrize("name", ["mape", "mae", "rmse", "rmsle", "r2", "pinball_0.9", "pinball_0.1"])
def test_no_other_constant_is_better_than_the_baseline(name):
    targets = np.random.default_rng(0).lognormal(sigma=1, size=301).tolist()
    metric = metric_of(name)

    def error(constant: float) -> float:
        return (-1 if metric.higher_is_better else 1) * metric.measure(
            Outcomes(actual=targets, predicted=[constant] * len(targets))
        )

    best = metric.constant.of(targets)

    assert all(error(best) <= error(other) + 1e-12 for other in np.linspace(min(targets), max(targets), 1000))


@given(rows=st.lists(st.tuples(labels, st.lists(st.floats(0.01, 1), min_size=3, max_size=3)), min_size=1, max_size=30))
def test_log_loss_gives_what_scikit_learn_gives(rows):
    actual = [label for label, _ in rows]
    shares = [[weight / math.fsum(weights) for weight in weights] for _, weights in rows]
    outcomes = Outcomes(actual=actual, predicted=actual, probabilities=shares, classes=CLASSES)

    assert math.isclose(
        metric_of("log_loss").measure(outcomes), peer.log_loss(actual, shares, labels=CLASSES), rel_tol=1e-9
    )


def test_a_class_that_a_model_does_not_know_costs_the_most():
    outcomes = Outcomes(actual=["new"], predicted=["a"], probabilities=[[1.0]], classes=["a"])

    assert metric_of("log_loss").measure(outcomes) == pytest.approx(36.04, abs=0.01)


@pytest.mark.parametrize("name", PEERS)
def test_lists_of_different_lengths_are_a_mistake(name):
    with pytest.raises(ValueError, match="shorter|longer"):
        metric_of(name).measure(Outcomes(actual=[1.0, 2.0], predicted=[1.0]))


def test_better_is_higher_or_lower_by_name():
    assert metric_of("accuracy").better(0.9, 0.8)
    assert metric_of("mae").better(0.8, 0.9)
    for metric in METRICS.values():
        assert not metric.better(0.5, 0.5)
        assert not metric.better(math.nan, 0.5)
        assert not metric.better(0.5, math.nan)


def test_a_target_of_0_has_relative_errors_only_if_they_are_asked_for():
    outcomes = Outcomes(actual=[0.0, 2.0], predicted=[1.0, 2.0])

    assert set(measure_all(outcomes, task=REGRESSION)) == {"mae", "rmse", "r2"}
    assert "mape" in measure_all(outcomes, task=REGRESSION, chosen="mape")
    assert "mape" in measure_all(outcomes.take([1, 1]), task=REGRESSION)
