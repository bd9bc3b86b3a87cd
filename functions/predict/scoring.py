"""Turns the body of a request into its answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evergreen.contract.contract import Contract, Row
from evergreen.contract.feature import Unusual
from evergreen.errors import FieldError, FieldErrors, InvalidRow
from evergreen.prediction_id import new_prediction_id
from functions.predict.body import MAX_BODY_BYTES, MAX_ROWS, MalformedRequest
from functions.predict.models import Served

# Lambda takes answers of 6 MB. What an answer quotes of the body is at most three times as long there, since a
# character of four bytes is written as two escapes of six; what is left belongs to the rest of each row.
_ANSWER_BYTES = 5_900_000 - 3 * MAX_BODY_BYTES
# Of a row's answer: the prediction and its id, each probability, each warning, without the names in them.
_ROW_BYTES, _PROBABILITY_BYTES, _WARNING_BYTES = 150, 30, 60
# Of a warning about a view: what it says besides names, and each join key's value, of which it quotes 20 characters.
_VIEW_BYTES, _KEY_BYTES = 200, 250
# Unusual values that the answer of a row tells.
_MOST_WARNINGS = 10


def rows_a_request(contract: Contract) -> int:
    """How many rows a request may have, so that no answer is longer than Lambda takes."""
    names = sorted((len(json.dumps(feature.name)) for feature in contract.features), reverse=True)
    a_row = _ROW_BYTES + sum(_WARNING_BYTES + length for length in names[:_MOST_WARNINGS])
    a_row += sum(_PROBABILITY_BYTES + len(json.dumps(label)) for label in contract.classes)
    for view in contract.stored:
        a_row += _VIEW_BYTES + len(json.dumps(view.name))
        a_row += sum(_KEY_BYTES + len(json.dumps(key.name)) for key in view.keys)
    return max(1, min(MAX_ROWS, _ANSWER_BYTES // a_row))


@dataclass(frozen=True)
class Joined:
    """What the feature store has made of an instance that came with entities.

    Attributes:
        where: the place of its features in the request.
        record: of each view that was read, what its values can be traced by.
        warnings: for the answer.
        faults: what is wrong with its entities.
        excused: features of which a fault says already why they are not there.
        reasons: where a stored feature comes from, or why it is null.
    """

    where: str
    record: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    faults: Sequence[FieldError] = ()
    excused: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def explained(self, errors: Sequence[FieldError]) -> list[FieldError]:
        """The errors of its features: those that the store has caused say so."""
        absent = {f"{self.where}.{name}" for name in self.excused}
        return [self._explained(error) for error in errors if error.kind != "nothing" or error.place not in absent]

    def _explained(self, error: FieldError) -> FieldError:
        reason = self.reasons.get(error.feature)
        return replace(error, got=f"{error.got}: {reason}", kind=f"{error.kind}: {reason}") if reason else error


@dataclass(frozen=True)
class PredictRequest:
    """The rows of a request; `single` if it came as {"features": ...} and is answered in that form.

    Attributes:
        list_name: of the instances in the request, for errors.
        by_entities: which instances are {"entities": ..., "features": ...}.
        joined: what has become of these, by their index; their features stand among the instances then.
    """

    instances: list[Any]
    single: bool
    list_name: str = "instances"
    by_entities: tuple[int, ...] = ()
    joined: Mapping[int, Joined] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoredRow:
    """One prediction, in units of the target or a label, with the id that feedback refers to."""

    prediction_id: str
    prediction: Any
    features: dict[str, Any]
    unusual: list[Unusual]
    probabilities: dict[str, float] | None = None
    joined: Joined | None = None

    def as_record(self) -> dict[str, Any]:
        # Not by dataclasses.asdict, which copies every value: it took a twelfth of a large request.
        record: dict[str, Any] = {
            "prediction_id": self.prediction_id,
            "prediction": self.prediction,
            "features": self.features,
            "unusual": [unusual.as_record() for unusual in self.unusual],
        }
        if self.probabilities is not None:
            record["probabilities"] = self.probabilities
        if self.joined is not None:
            record["stored"] = self.joined.record
        return record

    def as_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"prediction": self.prediction, "prediction_id": self.prediction_id}
        if self.probabilities is not None:
            answer["probabilities"] = self.probabilities
        stored = self.joined.warnings if self.joined else ()
        if self.unusual or stored:
            warnings = [*stored, *(unusual.text for unusual in self.unusual[:_MOST_WARNINGS])][:_MOST_WARNINGS]
            more = len(stored) + len(self.unusual) - len(warnings)
            answer["warnings"] = [*warnings, f"and {more} more"] if more else warnings
        return answer


def read_request(document: Any, contract: Contract) -> PredictRequest:
    """
    Raises:
        MalformedRequest: neither {"features": {...}} nor {"instances": [...]}, or too many rows. Of a model with a
            feature store, {"entities": {...}, "features": {...}} is a third form.
    """
    if isinstance(document, dict) and document.keys() == {"features"}:
        return PredictRequest([document["features"]], single=True)
    if isinstance(document, dict) and document.keys() == {"instances"} and isinstance(document["instances"], list):
        request = rows_request(document["instances"], contract)
        return replace(request, by_entities=_by_entities(document, contract)) if contract.stored else request
    forms = '{"features": {...}} for a row or {"instances": [{...}, ...]} for several'
    if isinstance(document, dict) and "entities" in document:
        if not contract.stored:
            raise MalformedRequest(f"the body must be {forms}: no feature store is in use here that knows entities")
        if document.keys() <= {"entities", "features"}:
            return PredictRequest([document], single=True, by_entities=(0,))
    if contract.stored:
        forms = f'{{"entities": {{...}}, "features": {{...}}}}, {forms}'
    raise MalformedRequest(f"the body must be {forms}")


def rows_request(rows: list[Any], contract: Contract, *, list_name: str = "instances") -> PredictRequest:
    """A request of full rows.

    Raises:
        MalformedRequest: there are none, or too many.
    """
    require_rows(rows, contract, list_name=list_name)
    return PredictRequest(rows, single=False, list_name=list_name)


def require_rows(rows: list[Any], contract: Contract, *, list_name: str) -> None:
    """
    Raises:
        MalformedRequest: there are none, or too many.
    """
    most = rows_a_request(contract)
    if not 1 <= len(rows) <= most:
        raise MalformedRequest(f"{list_name} must hold 1 to {most} rows, got {len(rows)}")


def _by_entities(document: dict[str, Any], contract: Contract) -> tuple[int, ...]:
    if "entities" in contract.names:
        return ()
    return tuple(
        index
        for index, instance in enumerate(document["instances"])
        if isinstance(instance, dict) and isinstance(instance.get("entities"), dict)
    )


def score(served: Served, request: PredictRequest) -> list[ScoredRow]:
    """
    Raises:
        InvalidRow: names the wrong fields of every row.
    """
    contract = served.model.contract
    scored: list[ScoredRow] = []
    errors = FieldErrors()
    for index, instance in enumerate(request.instances):
        joined = request.joined.get(index)
        where = joined.where if joined else "features" if request.single else f"{request.list_name}[{index}]"
        if joined:
            errors.add(joined.faults)
        try:
            row = contract.parse(instance, where=where, most=errors.room)
            # The estimator itself may take less than the contract, such as numbers that fit float32 only.
            prediction, probabilities = _predicted(served, row, where)
        except InvalidRow as error:
            errors.add(joined.explained(error.errors) if joined else error.errors, more=error.more)
            continue
        by_class = dict(zip(contract.classes, probabilities, strict=True)) if probabilities is not None else None
        read, unusual = contract.as_read(instance, row), contract.unusual(row)
        scored.append(ScoredRow(new_prediction_id(), prediction, read, unusual, by_class, joined))
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
