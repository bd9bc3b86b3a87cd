"""Gradient boosting: a constant, then the learning rate times each tree's leaf, added up in the order of the trees."""

from typing import Any

from evergreen.portable.columns import Columns, Values
from evergreen.portable.compiled import Total
from evergreen.portable.families import Exported, labels_of, refuse, task_of
from evergreen.portable.nodes import Node, load_tree
from evergreen.portable.trees import as_float32, export_fitted

_NOTE = "any loss; init None or 'zero'; no missing values, as in the library"
SUPPORTED = {"GradientBoostingRegressor": _NOTE, "GradientBoostingClassifier": _NOTE}


def export(estimator: Any, columns: Columns) -> Exported:
    if estimator.init is not None and estimator.init != "zero":
        refuse(estimator, "init", type(estimator.init).__name__, "init=None or 'zero'")
    stages = estimator.estimators_
    rate = float(estimator.learning_rate)
    scorer = {
        "family": "gradient_boosting",
        "columns": list(columns.names),
        "baselines": _baselines(estimator),
        "trees": [
            [export_fitted(tree.tree_, scale=rate) for tree in stages[:, score]] for score in range(stages.shape[1])
        ],
    }
    if not hasattr(estimator, "classes_"):
        return Exported(scorer=scorer)
    labels = labels_of(estimator)
    link = "softmax" if len(labels) > 2 else "expit_of_double" if estimator.loss == "exponential" else "expit"
    return Exported(scorer=scorer, task=task_of(labels), classes=labels, links=(link,), zero_is_positive=True)


def _baselines(estimator: Any) -> list[float]:
    """What the library starts from, by its own arithmetic: without a custom `init`, the same for every row."""
    import numpy as np

    row = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    baselines: list[float] = estimator._raw_predict_init(row)[0].tolist()
    return baselines


class GradientBoosting:
    """Sums the leaves that a row falls into, one sum for each score."""

    def __init__(self, baselines: list[float], trees: list[list[Node]], names: list[str]) -> None:
        self._sums = [(baseline, Total(roots)) for baseline, roots in zip(baselines, trees, strict=True)]
        self._names = names

    def scores(self, values: Values) -> list[float]:
        numbers = as_float32(values, self._names, missing_allowed=False)
        return [total(baseline, numbers) for baseline, total in self._sums]

    def tolerance(self, _values: Values) -> float:
        return 0.0


def load(document: dict[str, Any]) -> GradientBoosting:
    trees = [[load_tree(tree) for tree in trees] for trees in document["trees"]]
    return GradientBoosting(document["baselines"], trees, document["columns"])
