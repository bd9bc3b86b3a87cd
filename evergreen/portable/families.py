"""The table of modules that export and score each estimator. Loading a document imports only the modules it needs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Literal, NoReturn, Protocol

from evergreen.errors import BrokenBundle, UnsupportedEstimator
from evergreen.portable.columns import Columns, Values

# Each is a module in this folder. It has SUPPORTED, a note for each scikit-learn class that it supports, and
# for estimators: export(estimator, columns) -> Exported, load(document) -> Scorer;
# for transformers: export_step(transformer, columns) -> (document, columns), load_step(document) -> Step.
FAMILIES = (
    "linear",
    "trees",
    "forests",
    "gradient_boosting",
    "hist_gradient_boosting",
    "pipeline",
    "column_transformer",
    "target",
    "threshold",
    "imputation",
    "scaling",
    "encoding",
    "target_encoding",
    "bins",
    "functions",
)

# Turns the values of one row into those that the next step takes.
Step = Callable[[Values], Values]


class Scorer(Protocol):
    """The fitted estimator behind its transformers: one score, or one for each class."""

    def scores(self, values: Values) -> list[float]:
        """
        Raises:
            InvalidRow: the library would reject the row.
        """

    def tolerance(self, values: Values) -> float:
        """How far the library's own scores may lie from these for rounding: 0 if they are equal to the last bit."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An estimator as plain data.

    Attributes:
        scorer: the family's name and its own data.
        classes: the labels in the order of the scores; None for regression.
        links: names in `links.py`; regression: from the score to the prediction, applied in order; classification:
            from the scores to probabilities, none if the library has none.
        zero_is_positive: a single score of exactly 0 means the second class.
        steps: what a row goes through before it is scored, each with its family's name.
        decision: `positive`, the position of a class, and the `threshold` of its probability from which on it is the
            prediction; None if the highest score wins.
    """

    scorer: dict[str, Any]
    task: Literal["regression", "binary", "multiclass"] = "regression"
    classes: list[Any] | None = None
    links: tuple[str, ...] = ()
    zero_is_positive: bool = False
    steps: tuple[dict[str, Any], ...] = ()
    decision: dict[str, Any] | None = None

    def after(self, steps: Sequence[dict[str, Any]]) -> "Exported":
        """The same with other steps before its own."""
        return replace(self, steps=(*steps, *self.steps))


def family(name: str) -> Any:
    return import_module(f"evergreen.portable.{name}")


def supported(role: str = "export") -> dict[str, str]:
    """The classes that have a portable form, each with a note on its parameters.

    Args:
        role: "export" for estimators, "export_step" for transformers.
    """
    return {
        kind: note for name in FAMILIES if hasattr(family(name), role) for kind, note in family(name).SUPPORTED.items()
    }


def family_of(estimator: Any, *, role: str) -> str:
    """The name of the module that exports an estimator.

    Raises:
        UnsupportedEstimator: there is none.
    """
    kind = type(estimator).__name__
    if type(estimator).__module__.partition(".")[0] == "sklearn":
        for name in FAMILIES:
            if kind in family(name).SUPPORTED and hasattr(family(name), role):
                return name
    place = "" if role == "export" else " as a transformer"
    raise UnsupportedEstimator(f"{kind} has no portable form{place}; use one of: {', '.join(supported(role))}")


def export(estimator: Any, columns: Columns) -> Exported:
    """A fitted estimator that is given these columns."""
    exported: Exported = family(family_of(estimator, role="export")).export(estimator, columns)
    return exported


def export_step(transformer: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    """A fitted transformer as plain data, and the columns that it puts out."""
    name = family_of(transformer, role="export_step")
    document, produced = family(name).export_step(transformer, columns)
    return {"family": name, **document}, produced


def load_scorer(document: dict[str, Any]) -> Scorer:
    scorer: Scorer = _known(document).load(document)
    return scorer


def load_step(document: dict[str, Any]) -> Step:
    step: Step = _known(document).load_step(document)
    return step


def _known(document: dict[str, Any]) -> Any:
    name = document.get("family")
    if name not in FAMILIES:
        raise BrokenBundle(f"model.json is of family {name}; this version knows {', '.join(FAMILIES)}")
    return family(name)


def refuse(estimator: Any, parameter: str, value: Any, instead: str) -> NoReturn:
    """
    Raises:
        UnsupportedEstimator: always.
    """
    raise UnsupportedEstimator(
        f"{type(estimator).__name__} with {parameter}={value!r} has no portable form; use {instead}"
    )


def labels_of(classifier: Any) -> list[str | int | float | bool]:
    """A fitted classifier's labels, in the order of its scores."""
    if not hasattr(classifier.classes_, "tolist") or getattr(classifier, "n_outputs_", 1) != 1:
        refuse(classifier, "n_outputs_", len(classifier.classes_), "one target column")
    labels: list[Any] = classifier.classes_.tolist()
    if len(labels) < 2:
        refuse(classifier, "classes_", labels, "a target with two or more classes")
    for label in labels:
        if not isinstance(label, str | int | float) or (isinstance(label, float) and not math.isfinite(label)):
            refuse(classifier, "classes_", labels, "labels that are text, numbers or booleans")
    return labels


def task_of(labels: list[Any]) -> Literal["binary", "multiclass"]:
    return "binary" if len(labels) == 2 else "multiclass"
