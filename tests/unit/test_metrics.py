"""Our metrics are scikit-learn's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

from evergreen.metrics import METRICS

PEERS = {
    "mape": peer.mean_absolute_percentage_error,
    "mae": peer.mean_absolute_error,
    "rmse": peer.root_mean_squared_error,
}
numbers = st.floats(min_value=-1e9, max_value=1e9, allow_subnormal=False)


@pytest.mark.parametrize("name", METRICS)
@given(pairs=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30))
def test_a_metric_gives_what_scikit_learn_gives(name, pairs):
    actual, predicted = zip(*pairs, strict=True)

    assert math.isclose(METRICS[name](actual, predicted), PEERS[name](actual, predicted), rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_lists_of_different_lengths_are_a_mistake(name):
    with pytest.raises(ValueError, match="shorter|longer"):
        METRICS[name]([1.0, 2.0], [1.0])
