"""Histogram gradient boosting: missing values and native categories, in float64 like scikit-learn's predictor.

The order of additions is the library's: the baseline first, then one leaf per tree, so that sums agree to the last bit.
"""

from typing import Any

from evergreen.portable.categories import keys_of
from evergreen.portable.columns import Columns, Values
from evergreen.portable.compiled import Total
from evergreen.portable.families import Exported, labels_of, refuse, task_of
from evergreen.portable.nodes import Node, Split, export_tree, load_tree, with_missing

# Losses by the link from the raw sum to the prediction.
_LINKS: dict[str, tuple[str, ...]] = {
    "squared_error": (),
    "absolute_error": (),
    "quantile": (),
    "poisson": ("exp",),
    "gamma": ("exp",),
}
SUPPORTED = {
    "HistGradientBoostingRegressor": f"loss {', '.join(_LINKS)}; missing values, infinities, native categories",
    "HistGradientBoostingClassifier": "loss log_loss; missing values, infinities, native categories",
}

# The code of a missing or unknown category.
_MISSING = -1


def export(estimator: Any, columns: Columns) -> Exported:
    classifier = hasattr(estimator, "classes_")
    known = ("log_loss",) if classifier else tuple(_LINKS)
    if estimator.loss not in known:
        refuse(estimator, "loss", estimator.loss, f"one of: {', '.join(known)}")
    order, categories = _encoded_columns(estimator, columns)
    baselines = estimator._baseline_prediction.ravel().tolist()
    scorer = {
        "family": "hist_gradient_boosting",
        "categories": categories,
        "baselines": baselines,
        "trees": [
            [_export_tree(predictors[score], order) for predictors in estimator._predictors]
            for score in range(len(baselines))
        ],
    }
    if not classifier:
        return Exported(scorer=scorer, links=_LINKS[estimator.loss])
    labels = labels_of(estimator)
    return Exported(
        scorer=scorer,
        task=task_of(labels),
        classes=labels,
        links=("softmax",) if len(labels) > 2 else ("expit",),
    )


def _encoded_columns(estimator: Any, columns: Columns) -> tuple[list[int], list[tuple[int, list[Any]]]]:
    """The columns in the order in which trees number them, and the categories of those that have some, by code."""
    order = list(range(len(columns.names)))
    if estimator.is_categorical_ is None:
        return order, []
    # scikit-learn moves categorical columns to the front before it grows trees.
    categorical = [index for index in order if estimator.is_categorical_[index]]
    order = categorical + [index for index in order if not estimator.is_categorical_[index]]
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    categories = []
    for index, fitted in zip(categorical, encoder.categories_, strict=True):
        keys = keys_of(estimator, columns.names[index], fitted)
        # NaN is no category of its own to the trees; None is, where it stood in the data.
        if keys and keys[-1] is None and fitted[-1] is not None:
            keys.pop()
        categories.append((index, keys))
    return order, categories


def _export_tree(predictor: Any, order: list[int]) -> dict[str, list[Any]]:
    nodes = predictor.nodes

    def read(number: int) -> Split | float:
        node = nodes[number]
        if node["is_leaf"]:
            return float(node["value"])
        column = order[int(node["feature_idx"])]
        missing_left = bool(node["missing_go_to_left"])
        children = int(node["left"]), int(node["right"])
        if not node["is_categorical"]:
            return Split(column + len(order) * missing_left, float(node["num_threshold"]), *children)
        words = [int(word) for word in predictor.raw_left_cat_bitsets[int(node["bitset_idx"])]]
        codes = [code for code in range(32 * len(words)) if words[code // 32] >> (code % 32) & 1]
        return Split(column, [_MISSING, *codes] if missing_left else codes, *children)

    return export_tree(read)


class HistGradientBoosting:
    """Sums the leaves that a row falls into, one sum for each score."""

    def __init__(self, baselines: list[float], trees: list[list[Node]], categories: list[Any]) -> None:
        self._sums = [(baseline, Total(roots)) for baseline, roots in zip(baselines, trees, strict=True)]
        self._unknown = frozenset([_MISSING])
        self._codes = [
            (column, {key: frozenset([code]) for code, key in enumerate(keys)}) for column, keys in categories
        ]

    def scores(self, values: Values) -> list[float]:
        numbers = with_missing(values)
        for column, codes in self._codes:
            value = values[column]
            numbers[column] = codes.get(value if value == value else None, self._unknown)
        return [total(baseline, numbers) for baseline, total in self._sums]

    def tolerance(self, _values: Values) -> float:
        return 0.0


def load(document: dict[str, Any]) -> HistGradientBoosting:
    trees = [[load_tree(tree) for tree in trees] for trees in document["trees"]]
    return HistGradientBoosting(document["baselines"], trees, document["categories"])
