"""Random forests and extra trees: the mean of their trees' leaves.

The library adds the trees up in order, then divides, when it predicts in one thread (n_jobs=None). With several, its
own order of addition, and with it the last bit, differs from call to call.
"""

from typing import Any

from evergreen.portable.columns import Columns, Values
from evergreen.portable.compiled import Total
from evergreen.portable.families import Exported
from evergreen.portable.nodes import Node, load_tree, totals
from evergreen.portable.trees import as_float32, classes_of, export_fitted, exported

_NOTE = "one target; missing values"
SUPPORTED = dict.fromkeys(
    ("RandomForestRegressor", "RandomForestClassifier", "ExtraTreesRegressor", "ExtraTreesClassifier"), _NOTE
)


def export(estimator: Any, columns: Columns) -> Exported:
    classes = classes_of(estimator)
    trees = [export_fitted(tree.tree_, classes) for tree in estimator.estimators_]
    scorer = {
        "family": "forests",
        "columns": list(columns.names),
        "classes": len(classes) if classes else 0,
        "trees": trees,
    }
    return exported(scorer, classes)


class Forest:
    """The mean of the trees' leaves: a number, or the share of each class."""

    def __init__(self, roots: list[Node], classes: int, names: list[str]) -> None:
        self._roots = roots
        self._total = Total(roots)
        self._classes = classes
        self._names = names

    def scores(self, values: Values) -> list[float]:
        numbers = as_float32(values, self._names)
        count = len(self._roots)
        if not self._classes:
            return [self._total(0.0, numbers) / count]
        return [share / count for share in totals(self._roots, self._classes, numbers)]

    def tolerance(self, _values: Values) -> float:
        return 0.0


def load(document: dict[str, Any]) -> Forest:
    return Forest([load_tree(tree) for tree in document["trees"]], document["classes"], document["columns"])
