"""Our metrics are scikit-learn's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

from evergreen.metrics import METRICS, REGRESSION, Outcomes

PEERS = {
    "mape": peer.mean_absolute_percentage_error,
    "mae": peer.mean_absolute_error,
    "rmse": peer.root_mean_squared_error,
    "accuracy": peer.accuracy_score,
    "f1_macro": lambda actual, predicted: peer.f1_score(actual, predicted, average="macro"),
}
CLASSES = ("a", "b", "c")
numbers = st.floats(min_value=-1e9, max_value=1e9, allow_subnormal=False)
labels = st.sampled_from(CLASSES)


def close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("name", PEERS)
@given(data=st.data())
def test_a_metric_gives_what_scikit_learn_gives(name, data):
    values = numbers if METRICS[name].task == REGRESSION else labels
    actual, predicted = zip(*data.draw(st.lists(st.tuples(values, values), min_size=1, max_size=30)), strict=True)

    assert close(METRICS[name].measure(Outcomes(actual=actual, predicted=predicted)), PEERS[name](actual, predicted))


@given(rows=st.lists(st.tuples(labels, st.lists(st.floats(0.01, 1), min_size=3, max_size=3)), min_size=1, max_size=30))
def test_log_loss_gives_what_scikit_learn_gives(rows):
    actual = [label for label, _ in rows]
    shares = [[weight / math.fsum(weights) for weight in weights] for _, weights in rows]
    outcomes = Outcomes(actual=actual, predicted=actual, probabilities=shares, classes=CLASSES)

    assert math.isclose(
        METRICS["log_loss"].measure(outcomes), peer.log_loss(actual, shares, labels=CLASSES), rel_tol=1e-9
    )


def test_a_class_that_a_model_does_not_know_costs_the_most():
    outcomes = Outcomes(actual=["new"], predicted=["a"], probabilities=[[1.0]], classes=["a"])

    assert METRICS["log_loss"].measure(outcomes) == pytest.approx(36.04, abs=0.01)


def test_every_metric_has_a_peer():
    assert set(METRICS) == {*PEERS, "log_loss"}


@pytest.mark.parametrize("name", PEERS)
def test_lists_of_different_lengths_are_a_mistake(name):
    with pytest.raises(ValueError, match="shorter|longer"):
        METRICS[name].measure(Outcomes(actual=[1.0, 2.0], predicted=[1.0]))


def test_better_is_higher_or_lower_by_name():
    assert METRICS["accuracy"].better(0.9, 0.8)
    assert METRICS["mae"].better(0.8, 0.9)
    for metric in METRICS.values():
        assert not metric.better(0.5, 0.5)
        assert not metric.better(math.nan, 0.5)
        assert not metric.better(0.5, math.nan)
