"""Portable models: a fitted estimator as plain data, scored by pure Python in scikit-learn's own arithmetic.

One module per family of estimators; a new family is one module and one line in FAMILIES.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Protocol

from evergreen.contract import Row
from evergreen.errors import BrokenBundle, UnsupportedEstimator
from evergreen.portable import hist_gradient_boosting

FORMAT = 1


class Scorer(Protocol):
    """Scores one row at a time."""

    def score(self, row: Row) -> float:
        """The prediction for a row in the contract's order."""


# The family's name in the document, and the module that exports and scores it.
FAMILIES: dict[str, ModuleType] = {"hist_gradient_boosting": hist_gradient_boosting}


def export(estimator: Any) -> dict[str, Any]:
    """A fitted scikit-learn estimator as a document that JSON can hold.

    Raises:
        UnsupportedEstimator: no family knows the estimator.
    """
    kind = type(estimator).__name__
    for name, family in FAMILIES.items():
        if kind in family.ESTIMATORS:
            return {"format": FORMAT, "family": name, **family.export(estimator)}
    supported = ", ".join(kind for family in FAMILIES.values() for kind in family.ESTIMATORS)
    raise UnsupportedEstimator(f"{kind} has no portable form; use one of: {supported}")


def load(document: dict[str, Any], features: Sequence[str]) -> Scorer:
    """The scorer of a document.

    Args:
        document: what `export` returned.
        features: names in the order of the rows that will be scored.

    Raises:
        BrokenBundle: of a format or family that this version does not know, or fitted on other features.
    """
    if document.get("format") != FORMAT or document.get("family") not in FAMILIES:
        raise BrokenBundle(
            f"model.json is of format {document.get('format')}, family {document.get('family')}; "
            f"this version reads format {FORMAT}, {', '.join(FAMILIES)}"
        )
    if list(features) != document["features"]:
        raise BrokenBundle(f"the model was fitted on {document['features']}, the contract names {list(features)}")
    scorer: Scorer = FAMILIES[document["family"]].load(document)
    return scorer
