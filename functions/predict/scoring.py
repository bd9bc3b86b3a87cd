"""Turns the body of a request into its answer."""

from dataclasses import dataclass, replace
from typing import Any

from evergreen.errors import FieldError, InvalidRow
from evergreen.prediction_id import new_prediction_id
from functions.predict.body import MAX_ROWS, MalformedRequest
from functions.predict.models import Served


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
    warnings: list[str]
    probabilities: dict[str, float] | None = None

    def as_record(self) -> dict[str, Any]:
        # Not by dataclasses.asdict, which copies every value: it took a twelfth of a large request.
        record: dict[str, Any] = {
            "prediction_id": self.prediction_id,
            "prediction": self.prediction,
            "features": self.features,
            "warnings": self.warnings,
        }
        return record if self.probabilities is None else {**record, "probabilities": self.probabilities}

    def as_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"prediction": self.prediction, "prediction_id": self.prediction_id}
        if self.probabilities is not None:
            answer["probabilities"] = self.probabilities
        return {**answer, "warnings": self.warnings} if self.warnings else answer


def read_request(document: Any) -> PredictRequest:
    """
    Raises:
        MalformedRequest: neither {"features": {...}} nor {"instances": [...]}, or too many rows.
    """
    if isinstance(document, dict) and document.keys() == {"features"}:
        return PredictRequest([document["features"]], single=True)
    if isinstance(document, dict) and document.keys() == {"instances"} and isinstance(document["instances"], list):
        if 1 <= len(document["instances"]) <= MAX_ROWS:
            return PredictRequest(document["instances"], single=False)
        raise MalformedRequest(f"instances must hold 1 to {MAX_ROWS} rows, got {len(document['instances'])}")
    raise MalformedRequest('the body must be {"features": {...}} for a row or {"instances": [{...}, ...]} for several')


def score(served: Served, request: PredictRequest) -> list[ScoredRow]:
    """
    Raises:
        InvalidRow: names every wrong field of every row.
    """
    contract = served.model.contract
    scored: list[ScoredRow] = []
    errors: list[FieldError] = []
    for index, instance in enumerate(request.instances):
        where = "features" if request.single else f"instances[{index}]"
        try:
            row = contract.parse(instance, where=where)
        except InvalidRow as error:
            errors += error.errors
            continue
        try:
            prediction, probabilities = served.model.predict(row), served.model.probabilities(row)
        except InvalidRow as error:
            # The estimator itself takes less than the contract, such as numbers that fit float32 only.
            errors += [replace(item, field=f"{where}.{item.field}") for item in error.errors]
            continue
        by_class = dict(zip(contract.classes, probabilities, strict=True)) if probabilities is not None else None
        scored.append(ScoredRow(new_prediction_id(), prediction, dict(instance), contract.warnings(row), by_class))
    if errors:
        raise InvalidRow(errors)
    return scored


def answer(served: Served, request: PredictRequest, rows: list[ScoredRow]) -> dict[str, Any]:
    """The body of the answer, in the form in which the request came."""
    version = {"model_version": served.champion.version}
    if request.single:
        return {**rows[0].as_answer(), **version}
    return {"predictions": [row.as_answer() for row in rows], **version}
