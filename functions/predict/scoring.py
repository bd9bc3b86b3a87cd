"""Turns the body of a request into its answer."""

import json
from dataclasses import dataclass, replace
from typing import Any

from evergreen.contract.contract import Contract, Row
from evergreen.contract.feature import Unusual
from evergreen.errors import FieldErrors, InvalidRow
from evergreen.prediction_id import new_prediction_id
from functions.predict.body import MAX_BODY_BYTES, MAX_ROWS, MalformedRequest
from functions.predict.models import Served

# Lambda takes answers of 6 MB. What an answer quotes of the body is at most three times as long there, since a
# character of four bytes is written as two escapes of six; what is left belongs to the rest of each row.
_ANSWER_BYTES = 5_900_000 - 3 * MAX_BODY_BYTES
# Of a row's answer: the prediction and its id, each probability, each warning, without the names in them.
_ROW_BYTES, _PROBABILITY_BYTES, _WARNING_BYTES = 150, 30, 60
# Unusual values that the answer of a row tells.
_MOST_WARNINGS = 10


def rows_a_request(contract: Contract) -> int:
    """How many rows a request may have, so that no answer is longer than Lambda takes."""
    names = sorted((len(json.dumps(feature.name)) for feature in contract.features), reverse=True)
    a_row = _ROW_BYTES + sum(_WARNING_BYTES + length for length in names[:_MOST_WARNINGS])
    a_row += sum(_PROBABILITY_BYTES + len(json.dumps(label)) for label in contract.classes)
    return max(1, min(MAX_ROWS, _ANSWER_BYTES // a_row))


@dataclass(frozen=True)
class PredictRequest:
    """The rows of a request; `single` if it came as {"features": ...} and is answered in that form."""

    instances: list[Any]
    single: bool


@dataclass(frozen=True)
class ScoredRow:
    """One prediction, in units of the target or a label, with the id that feedback refers to."""

    prediction_id: str
    prediction: Any
    features: dict[str, Any]
    unusual: list[Unusual]
    probabilities: dict[str, float] | None = None

    def as_record(self) -> dict[str, Any]:
        # Not by dataclasses.asdict, which copies every value: it took a twelfth of a large request.
        record: dict[str, Any] = {
            "prediction_id": self.prediction_id,
            "prediction": self.prediction,
            "features": self.features,
            "unusual": [unusual.as_record() for unusual in self.unusual],
        }
        return record if self.probabilities is None else {**record, "probabilities": self.probabilities}

    def as_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"prediction": self.prediction, "prediction_id": self.prediction_id}
        if self.probabilities is not None:
            answer["probabilities"] = self.probabilities
        if self.unusual:
            warnings = [unusual.text for unusual in self.unusual[:_MOST_WARNINGS]]
            more = len(self.unusual) - len(warnings)
            answer["warnings"] = [*warnings, f"and {more} more"] if more else warnings
        return answer


def read_request(document: Any, contract: Contract) -> PredictRequest:
    """
    Raises:
        MalformedRequest: neither {"features": {...}} nor {"instances": [...]}, or too many rows.
    """
    if isinstance(document, dict) and document.keys() == {"features"}:
        return PredictRequest([document["features"]], single=True)
    if isinstance(document, dict) and document.keys() == {"instances"} and isinstance(document["instances"], list):
        count, most = len(document["instances"]), rows_a_request(contract)
        if 1 <= count <= most:
            return PredictRequest(document["instances"], single=False)
        raise MalformedRequest(f"instances must hold 1 to {most} rows, got {count}")
    raise MalformedRequest('the body must be {"features": {...}} for a row or {"instances": [{...}, ...]} for several')


def score(served: Served, request: PredictRequest) -> list[ScoredRow]:
    """
    Raises:
        InvalidRow: names the wrong fields of every row.
    """
    contract = served.model.contract
    scored: list[ScoredRow] = []
    errors = FieldErrors()
    for index, instance in enumerate(request.instances):
        where = "features" if request.single else f"instances[{index}]"
        try:
            row = contract.parse(instance, where=where, most=errors.room)
            # The estimator itself may take less than the contract, such as numbers that fit float32 only.
            prediction, probabilities = _predicted(served, row, where)
        except InvalidRow as error:
            errors.add(error.errors, more=error.more)
            continue
        by_class = dict(zip(contract.classes, probabilities, strict=True)) if probabilities is not None else None
        read, unusual = contract.as_read(instance, row), contract.unusual(row)
        scored.append(ScoredRow(new_prediction_id(), prediction, read, unusual, by_class))
    errors.refuse()
    return scored


def _predicted(served: Served, row: Row, where: str) -> tuple[Any, list[float] | None]:
    try:
        return served.model.predict(row), served.model.probabilities(row)
    except InvalidRow as error:
        placed = [replace(item, place=f"{where}.{item.place}" if item.feature else where) for item in error.errors]
        raise InvalidRow(placed) from error


def answer(served: Served, request: PredictRequest, rows: list[ScoredRow]) -> dict[str, Any]:
    """The body of the answer, in the form in which the request came."""
    version = {"model_version": served.champion.version}
    if request.single:
        return {**rows[0].as_answer(), **version}
    return {"predictions": [row.as_answer() for row in rows], **version}
