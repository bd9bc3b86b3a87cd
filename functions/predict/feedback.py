"""Ground truth by prediction id. It is logged beside the predictions, and joined with them later."""

import math
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from evergreen.contract.contract import Contract, shown
from evergreen.errors import FieldError, InvalidRow
from functions.predict.body import MAX_ROWS, MalformedRequest


@dataclass(frozen=True)
class Label:
    """The truth about one prediction: in units of the target, or a label."""

    prediction_id: str
    actual: float | str

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def read_labels(document: Any, contract: Contract) -> list[Label]:
    """Labels from {"prediction_id": ..., "actual": ...} or {"labels": [...]}.

    Raises:
        MalformedRequest: of neither form, or too many.
        InvalidRow: names every wrong field of every label.
    """
    if isinstance(document, dict) and document.keys() == {"labels"} and isinstance(document["labels"], list):
        labels = document["labels"]
        if not 1 <= len(labels) <= MAX_ROWS:
            raise MalformedRequest(f"labels must have 1 to {MAX_ROWS} entries, got {len(labels)}")
        places = [f"labels[{index}]." for index in range(len(labels))]
    elif isinstance(document, dict) and "labels" not in document:
        labels, places = [document], [""]
    else:
        raise MalformedRequest('the body must be {"prediction_id": ..., "actual": ...} or {"labels": [{...}, ...]}')
    errors = [error for label, place in zip(labels, places, strict=True) for error in _errors(label, place, contract)]
    if errors:
        raise InvalidRow(errors)
    truth: Callable[[Any], float | str] = str if contract.classes else float
    return [Label(label["prediction_id"], truth(label["actual"])) for label in labels]


def _errors(label: Any, place: str, contract: Contract) -> list[FieldError]:
    if not isinstance(label, dict):
        return [FieldError(place.rstrip("."), shown(label), "an object with prediction_id and actual")]
    errors = [
        FieldError(f"{place}{name}", "an unknown field", "prediction_id and actual only")
        for name in label
        if name not in ("prediction_id", "actual")
    ]
    got = {name: shown(label[name]) if name in label else "nothing" for name in ("prediction_id", "actual")}
    if not _is_uuid(label.get("prediction_id")):
        errors.append(FieldError(f"{place}prediction_id", got["prediction_id"], "the prediction_id of an answer"))
    actual = label.get("actual")
    if contract.classes and actual not in contract.classes:
        errors.append(FieldError(f"{place}actual", got["actual"], f"one of: {', '.join(contract.classes)}"))
    if not contract.classes and not _is_number(actual):
        errors.append(FieldError(f"{place}actual", got["actual"], "a finite number"))
    return errors


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
