"""Linear models: one weighted sum, or one for each class.

The library's sum is BLAS's, whose order depends on the processor. Ours is math.fsum, which rounds the sum of the
products once: the same on every machine and Python version, and as near to BLAS's, whatever its order, as can be
promised. Both lie within 1e-12 of the sum of |weight x value|.
"""

import math
from operator import mul
from typing import Any

from evergreen.portable.columns import Columns, Values, refuse_not_finite
from evergreen.portable.families import Exported, labels_of, refuse, task_of

_REGRESSORS = ("LinearRegression", "Ridge", "Lasso", "ElasticNet", "LinearSVR")
SUPPORTED = {
    **dict.fromkeys(_REGRESSORS, "one target"),
    "LogisticRegression": "binary and multinomial",
    "RidgeClassifier": "binary and multiclass; no probabilities, as in the library",
    "LinearSVC": "binary and multiclass; no probabilities, as in the library",
}

# Of the sum of |weight x value|: how far two orders of addition may lie apart.
TOLERANCE = 1e-12


def export(estimator: Any, columns: Columns) -> Exported:
    weights = estimator.coef_.toarray() if hasattr(estimator.coef_, "toarray") else estimator.coef_
    regression = type(estimator).__name__ in _REGRESSORS
    if regression and weights.ndim != 1:
        refuse(estimator, "n_targets", weights.shape[0], "a target of one column")
    weights = weights.reshape(-1, len(columns.names))
    intercepts = [0.0] * len(weights)
    if hasattr(estimator.intercept_, "ravel"):
        given = estimator.intercept_.ravel().tolist()
        intercepts = given * len(weights) if len(given) == 1 else given
    else:
        intercepts = [float(estimator.intercept_)] * len(weights)
    scorer = {
        "family": "linear",
        "columns": list(columns.names),
        "weights": [[float(weight) for weight in row] for row in weights.tolist()],
        "intercepts": [float(value) for value in intercepts],
    }
    if regression:
        return Exported(scorer=scorer)
    labels = labels_of(estimator)
    # RidgeClassifier takes a target of several columns, each a class of its own that may hold or not.
    if getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        refuse(estimator, "n_targets", len(weights), "a target of one column")
    links: tuple[str, ...] = ()
    if type(estimator).__name__ == "LogisticRegression":
        links = ("expit",) if len(labels) == 2 else ("softmax",)
    return Exported(scorer=scorer, task=task_of(labels), classes=labels, links=links)


class Linear:
    """Weighted sums, one for each set of weights."""

    def __init__(self, weights: list[list[float]], intercepts: list[float], names: list[str]) -> None:
        self._terms = list(zip(weights, intercepts, strict=True))
        self._names = names

    def scores(self, values: Values) -> list[float]:
        numbers: Any = values
        try:
            scores = [math.fsum(map(mul, weights, numbers)) + intercept for weights, intercept in self._terms]
        except (OverflowError, ValueError):
            scores = [math.nan]
        for score in scores:
            if not math.isfinite(score):
                refuse_not_finite(values, self._names)
                return self._overflowing(numbers)
        return scores

    def _overflowing(self, values: list[float]) -> list[float]:
        """Scores of finite values whose sum is beyond all numbers: infinite or NaN, as the library's."""
        scores = []
        for weights, intercept in self._terms:
            total = 0.0
            for weight, value in zip(weights, values, strict=True):
                total += weight * value
            scores.append(total + intercept)
        return scores

    def tolerance(self, values: Values) -> float:
        numbers: Any = values
        sums = [
            abs(intercept) + math.fsum(abs(weight * value) for weight, value in zip(weights, numbers, strict=True))
            for weights, intercept in self._terms
        ]
        return TOLERANCE * max(sums)


def load(document: dict[str, Any]) -> Linear:
    return Linear(document["weights"], document["intercepts"], document["columns"])
