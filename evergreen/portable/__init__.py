"""Portable models: a fitted estimator as plain data, scored by pure Python in scikit-learn's own arithmetic.

What has a portable form, and how exact it is, stands in docs/portable.md, written by `python -m evergreen.portable`.
A new family is one module and one line in `families.FAMILIES`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from evergreen.errors import BrokenBundle, UnsupportedEstimator
from evergreen.portable import families
from evergreen.portable.columns import Columns
from evergreen.portable.model import Classification, Decision, Label, Model, Regression

__all__ = ["FORMAT", "Label", "Model", "export", "load"]

FORMAT = 1
# With a decision, of which a reader of format 1 would know nothing.
DECIDED = 2


def export(estimator: Any) -> dict[str, Any]:
    """A fitted scikit-learn estimator as a document that strict JSON can hold; the same for the same estimator.

    Raises:
        UnsupportedEstimator: it, or a part of it, has no exact portable form; names the part and what to use instead.
    """
    families.family_of(estimator, role="export")
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        raise UnsupportedEstimator(
            f"{type(estimator).__name__} does not know its features' names; fit it on a DataFrame with named columns"
        )
    features = [str(name) for name in names]
    exported = families.export(estimator, Columns(tuple(features)))
    document = {"format": FORMAT, "features": features, **asdict(exported)}
    if exported.decision is None:
        del document["decision"]
    else:
        document["format"] = DECIDED
    return document


def load(document: dict[str, Any], features: Sequence[str]) -> Model:
    """The model of a document.

    Args:
        document: what `export` returned.
        features: names in the order of the rows that will be scored.

    Raises:
        BrokenBundle: of a format or family that this version does not know, fitted on other features, or damaged.
    """
    if document.get("format") not in (FORMAT, DECIDED):
        raise BrokenBundle(
            f"model.json is of format {document.get('format')}; this version reads format {FORMAT} and {DECIDED}"
        )
    if list(features) != document.get("features"):
        raise BrokenBundle(f"the model was fitted on {document.get('features')}, the contract names {list(features)}")
    try:
        steps = [families.load_step(step) for step in document["steps"]]
        scorer = families.load_scorer(document["scorer"])
        if document["task"] == "regression":
            return Regression(steps, scorer, document["links"])
        return Classification(
            document["task"],
            document["classes"],
            steps,
            scorer,
            document["links"],
            zero_is_positive=document["zero_is_positive"],
            decision=Decision(**document["decision"]) if document["format"] == DECIDED else None,
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise BrokenBundle(f"model.json is not a portable model: {error!r}") from error
