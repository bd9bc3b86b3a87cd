"""Ground truth by prediction id. It is logged beside the predictions, and joined with them later."""

import math
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from evergreen.contract import cells
from evergreen.contract.contract import Contract, unknown, wrong
from evergreen.errors import FieldError, FieldErrors
from evergreen.quoting import cut
from functions.predict.body import MAX_ROWS, MalformedRequest

_FIELDS = ("prediction_id", "actual")
# Classes that a message names.
_LISTED = 20


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
    errors = FieldErrors()
    for label, place in zip(labels, places, strict=True):
        errors.add(_errors(label, place, contract))
    errors.refuse()
    truth: Callable[[Any], float | str] = (lambda value: _class(value, contract)) if contract.classes else float
    return [Label(label["prediction_id"], truth(label["actual"])) for label in labels]


def _errors(label: Any, place: str, contract: Contract) -> list[FieldError]:
    if not isinstance(label, dict):
        return [wrong(place.rstrip("."), label, "an object with prediction_id and actual")]
    errors = [
        unknown(place.rstrip(".") or "the label", name, "prediction_id and actual only")
        for name in label
        if name not in _FIELDS
    ]
    right = {"prediction_id": _is_uuid(label.get("prediction_id")), "actual": _is_truth(label.get("actual"), contract)}
    expected = {"prediction_id": "the prediction_id of an answer", "actual": _truths(contract)}
    for name in _FIELDS:
        field = f"{place}{name}"
        if name not in label:
            errors.append(FieldError(place=field, got="nothing", kind="nothing", expected=expected[name]))
        elif not right[name]:
            errors.append(wrong(field, label[name], expected[name]))
    return errors


def _truths(contract: Contract) -> str:
    return f"one of: {', '.join(map(cut, contract.classes[:_LISTED]))}" if contract.classes else "a finite number"


def _is_truth(value: Any, contract: Contract) -> bool:
    return _class(value, contract) in contract.classes if contract.classes else _is_number(value)


def _class(value: Any, contract: Contract) -> Any:
    """The class that a value names: by its text, or as 1 and 1.0 name "1", and true names "true"."""
    return value if isinstance(value, str) and value in contract.classes else cells.label(value)


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
