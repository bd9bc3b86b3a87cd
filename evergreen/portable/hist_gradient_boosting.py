"""Histogram gradient boosting: missing values and native categoricals, in float64 like scikit-learn's predictor.

The order of additions is the library's: the baseline first, then one leaf per tree, so that sums agree to the last bit.
"""

import math
from typing import Any

from evergreen.contract import Row
from evergreen.errors import UnsupportedEstimator

ESTIMATORS = ("HistGradientBoostingRegressor",)
# Losses whose prediction is the raw sum.
_IDENTITY_LOSSES = ("squared_error", "absolute_error", "quantile")

# A leaf is its value; a split is (feature, test, left, right, missing goes left). The test of a number is a threshold,
# that of a category the set of values that go left (None stands for missing and for unknown ones).
Node = float | tuple[int, float | frozenset[str | None], Any, Any, bool]


def export(estimator: Any) -> dict[str, Any]:
    """
    Raises:
        UnsupportedEstimator: the loss needs a link function.
    """
    if estimator.loss not in _IDENTITY_LOSSES:
        raise UnsupportedEstimator(
            f"HistGradientBoostingRegressor with loss={estimator.loss!r} has no portable form; "
            f"use one of: {', '.join(_IDENTITY_LOSSES)}"
        )
    names = [str(name) for name in estimator.feature_names_in_]
    categories: list[list[str] | None] = [None] * len(names)
    order = list(range(len(names)))
    if estimator.is_categorical_ is not None:
        # scikit-learn moves categorical columns to the front before it grows trees.
        categorical = [index for index in order if estimator.is_categorical_[index]]
        order = categorical + [index for index in order if not estimator.is_categorical_[index]]
        encoder = estimator._preprocessor.named_transformers_["encoder"]
        for index, known in zip(categorical, encoder.categories_, strict=True):
            categories[index] = [value for value in known.tolist() if isinstance(value, str)]
    trees = [_export_tree(predictor, order, categories) for (predictor,) in estimator._predictors]
    baseline = float(estimator._baseline_prediction.ravel()[0])
    return {"features": names, "categories": categories, "baseline": baseline, "trees": trees}


def _export_tree(predictor: Any, order: list[int], categories: list[list[str] | None]) -> list[Any]:
    nodes: list[Any] = []
    for node in predictor.nodes:
        if node["is_leaf"]:
            nodes.append(float(node["value"]))
            continue
        feature = order[int(node["feature_idx"])]
        test: Any
        if node["is_categorical"]:
            known = categories[feature] or []
            words = predictor.raw_left_cat_bitsets[int(node["bitset_idx"])]
            test = [name for code, name in enumerate(known) if int(words[code // 32]) >> (code % 32) & 1]
        else:
            threshold = float(node["num_threshold"])
            # JSON has no infinity; float() reads both forms back.
            test = threshold if math.isfinite(threshold) else str(threshold)
        nodes.append([feature, test, int(node["left"]), int(node["right"]), bool(node["missing_go_to_left"])])
    return nodes


class HistGradientBoosting:
    """Sums the leaves that a row falls into."""

    def __init__(self, baseline: float, roots: list[Node], categories: list[frozenset[str] | None]) -> None:
        self._baseline = baseline
        self._roots = roots
        self._known = [(index, known) for index, known in enumerate(categories) if known is not None]

    def score(self, row: Row) -> float:
        """The prediction for a row in the order of the fitted features."""
        values: list[Any] = list(row)
        for index, known in self._known:
            if values[index] not in known:
                values[index] = None
        total = self._baseline
        node: Any
        for node in self._roots:
            while node.__class__ is tuple:
                feature, test, left, right, missing_left = node
                value = values[feature]
                if test.__class__ is float:
                    # NaN is unequal to itself, and compares false with every threshold.
                    node = left if value <= test or (missing_left and value != value) else right
                else:
                    node = left if value in test else right
            total += node
        return total


def load(document: dict[str, Any]) -> HistGradientBoosting:
    """The scorer of a document that `export` made."""
    categories = [None if known is None else frozenset(known) for known in document["categories"]]
    return HistGradientBoosting(document["baseline"], [_link(nodes) for nodes in document["trees"]], categories)


def _link(nodes: list[Any]) -> Node:
    """Join a tree's nodes by reference. Children stand after their parent, so the last node comes first."""
    linked: list[Node] = [0.0] * len(nodes)
    for index in range(len(nodes) - 1, -1, -1):
        node = nodes[index]
        if not isinstance(node, list):
            linked[index] = float(node)
            continue
        feature, test, left, right, missing_left = node
        if isinstance(test, list):
            test = frozenset([*test, None]) if missing_left else frozenset(test)
        else:
            test = float(test)
        linked[index] = (feature, test, linked[left], linked[right], missing_left)
    return linked[0]
