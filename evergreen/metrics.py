"""Metrics of a model on labelled rows. All are errors: lower is better."""

import math
from collections.abc import Callable, Mapping, Sequence

# The smallest denominator of a relative error: the float64 epsilon, as in scikit-learn's
# mean_absolute_percentage_error.
_EPSILON = 2.220446049250313e-16


def mape(actual: Sequence[float], predicted: Sequence[float]) -> float:
    """Mean absolute percentage error, as a share: 0.07 is 7%."""
    terms = (abs(p - a) / max(abs(a), _EPSILON) for a, p in zip(actual, predicted, strict=True))
    return math.fsum(terms) / len(actual)


def mae(actual: Sequence[float], predicted: Sequence[float]) -> float:
    """Mean absolute error, in units of the target."""
    return math.fsum(abs(p - a) for a, p in zip(actual, predicted, strict=True)) / len(actual)


def rmse(actual: Sequence[float], predicted: Sequence[float]) -> float:
    """Root of the mean squared error, in units of the target."""
    return math.sqrt(math.fsum((p - a) ** 2 for a, p in zip(actual, predicted, strict=True)) / len(actual))


METRICS: Mapping[str, Callable[[Sequence[float], Sequence[float]], float]] = {"mape": mape, "mae": mae, "rmse": rmse}
