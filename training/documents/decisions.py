"""What a model card says of the decisions between two classes: the threshold, how it was chosen, and what it does."""

from typing import Any

from evergreen.number_text import number, percent
from evergreen.quoting import line
from evergreen.settings.sections import BALANCED_ACCURACY, F1, FALSE_NEGATIVE, FALSE_POSITIVE
from training.documents.document import Block, Facts, Paragraph, Table

_CHOSEN = {
    F1: "the F1 score is highest",
    BALANCED_ACCURACY: "the balanced accuracy is highest",
    "cost": "a decision costs least on average",
}
_FOLDS = {
    "time": "blocks in the order of time, each of them held against a fit to the other blocks",
    "group": "whole groups, each of them held against a fit to other groups",
    "rows": "parts of the rows, each of them held against a fit to the other parts",
}


def blocks(decision: dict[str, Any]) -> list[Block]:
    """
    Args:
        decision: as training.fitting.decision.summary has it.
    """
    positive, negative = line(decision["positive"]), line(decision["negative"])
    found = decision["holdout"]
    return [
        Paragraph(
            f"The prediction is {positive} where its probability is {decision['threshold']!r} or more, else "
            f"{negative}. {_how(decision)} It moves the metrics of predictions, not those of probabilities."
        ),
        Table(
            caption="Decisions on the holdout, in rows.",
            head=("Predicted", f"actually {positive}", f"actually {negative}"),
            right=(1, 2),
            rows=(
                (positive, number(found["true_positive"]), number(found["false_positive"])),
                (negative, number(found["false_negative"]), number(found["true_negative"])),
            ),
        ),
        Facts(tuple(_shares(found, positive) + _costs(decision))),
    ]


def _how(decision: dict[str, Any]) -> str:
    if decision["chosen"] == "given":
        return "model.toml gives this threshold."
    return (
        f"Of all thresholds, {_CHOSEN[decision['chosen']]} at this one, on training rows that the model had not seen: "
        f"{_FOLDS[decision['folds']]}."
    )


def _shares(found: dict[str, Any], positive: str) -> list[tuple[str, str]]:
    precision, recall = found["precision"], found["recall"]
    return [
        (
            "Precision",
            f"no row was predicted {positive}"
            if precision is None
            else f"{percent(precision)} of the rows predicted {positive} are",
        ),
        (
            "Recall",
            f"no row is {positive}"
            if recall is None
            else f"{percent(recall)} of the rows that are {positive} were predicted so",
        ),
    ]


def _costs(decision: dict[str, Any]) -> list[tuple[str, str]]:
    costs = decision["costs"]
    if not costs:
        return []
    always = "; ".join(f"always {line(label)}: {number(cost)}" for label, cost in decision["always"].items())
    each = f"{number(costs[FALSE_POSITIVE])} a false positive, {number(costs[FALSE_NEGATIVE])} a false negative"
    return [("Cost of a decision", f"{number(decision['holdout']['cost'])} ({each}); {always}")]
