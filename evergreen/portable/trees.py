"""Decision trees. Features are rounded to float32 before they are compared, as in the library."""

from array import array
from typing import Any

from evergreen.portable.columns import Columns, Values, invalid
from evergreen.portable.families import Exported, labels_of, refuse, task_of
from evergreen.portable.nodes import Node, Split, export_tree, load_tree, with_missing

SUPPORTED = {
    "DecisionTreeRegressor": "one target; missing values",
    "DecisionTreeClassifier": "one target; missing values",
}

_FITS_FLOAT32 = "a number of at most 3.4e38, which is all that float32 holds"


def export(estimator: Any, columns: Columns) -> Exported:
    classes = classes_of(estimator)
    scorer = {"family": "trees", "columns": list(columns.names), "tree": export_fitted(estimator.tree_, classes)}
    return exported(scorer, classes)


def classes_of(estimator: Any) -> list[Any] | None:
    """The labels of a tree or a forest, None for regression.

    Raises:
        UnsupportedEstimator: it was fitted on several targets.
    """
    if estimator.n_outputs_ != 1:
        refuse(estimator, "n_outputs_", estimator.n_outputs_, "one target column")
    return labels_of(estimator) if hasattr(estimator, "classes_") else None


def exported(scorer: dict[str, Any], classes: list[Any] | None) -> Exported:
    """A scorer whose scores are the prediction, or the probabilities of classes."""
    if classes is None:
        return Exported(scorer=scorer)
    return Exported(scorer=scorer, task=task_of(classes), classes=classes, links=("shares",))


def export_fitted(tree: Any, classes: list[Any] | None = None, *, scale: float = 1.0) -> dict[str, list[Any]]:
    """A fitted tree's `tree_`. Leaves hold a number times the scale, or a share of each class."""
    width = tree.n_features
    left, right = tree.children_left.tolist(), tree.children_right.tolist()
    column, threshold = tree.feature.tolist(), tree.threshold.tolist()
    missing_left = tree.missing_go_to_left.tolist()
    value = tree.value[:, 0, :].tolist()

    def read(number: int) -> Split | float | list[float]:
        if left[number] == -1:
            return [float(share) for share in value[number]] if classes else scale * float(value[number][0])
        second = width if missing_left[number] else 0
        return Split(column[number] + second, threshold[number], left[number], right[number])

    return export_tree(read)


def as_float32(values: Values, names: list[str], *, missing_allowed: bool = True) -> list[float]:
    """The values rounded to float32, twice: see nodes.py.

    Raises:
        InvalidRow: a value is infinite in float32, or missing where the estimator takes none.
    """
    numbers: Any = values
    rounded = array("f", numbers).tolist()
    total = sum(rounded)
    if total - total == 0.0:
        return rounded + rounded
    for name, value, number in zip(names, values, rounded, strict=True):
        if number - number != 0.0 and (number == number or not missing_allowed):
            raise invalid(name, value, _FITS_FLOAT32)
    return with_missing(rounded)


class Tree:
    """One decision tree; its leaf is the prediction, or the share of each class."""

    def __init__(self, root: Node, names: list[str]) -> None:
        self._root = root
        self._names = names

    def scores(self, values: Values) -> list[float]:
        numbers = as_float32(values, self._names)
        node = self._root
        while type(node) is tuple:
            column, test, left, right = node
            node = left if numbers[column] <= test else right
        return node if isinstance(node, list) else [node]

    def tolerance(self, _values: Values) -> float:
        return 0.0


def load(document: dict[str, Any]) -> Tree:
    return Tree(load_tree(document["tree"]), document["columns"])
