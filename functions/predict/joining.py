"""Adds what the feature store has of a request's entities to its rows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from evergreen.contract import cells, dates
from evergreen.contract.contract import Contract
from evergreen.contract.date_form import DAY, TIME
from evergreen.contract.feature import CATEGORY, DATE, Feature
from evergreen.errors import FieldError
from evergreen.feature_store.views import View
from evergreen.quoting import shown
from functions.online_store.stored_rows import Asked, Reading, State, StoredRow, StoredRows
from functions.predict.entities import EntityRow, read_entity_row, served
from functions.predict.scoring import Joined, PredictRequest

_DAY_SECONDS = 86_400
# Of a join key's value in a warning; functions/predict/scoring.py counts on it.
_CHARACTERS = 20
_UNITS = (("days", _DAY_SECONDS), ("hours", 3600), ("minutes", 60))


def join(
    request: PredictRequest, contract: Contract, store: StoredRows, now: datetime
) -> tuple[PredictRequest, Reading | None]:
    """The request with full rows, and how the store was read; None if it was not.

    It is not read if something is wrong with the entities of a row, since the request is refused then, nor if every
    feature was sent.
    """
    views = served(contract)
    rows = {
        index: read_entity_row(
            request.instances[index], "" if request.single else f"instances[{index}].", contract, views
        )
        for index in request.by_entities
    }
    instances = list(request.instances)
    if any(row.faults for row in rows.values()):
        for index, row in rows.items():
            instances[index] = row.given
        return replace(request, instances=instances, joined={index: _refused(row) for index, row in rows.items()}), None
    found, reading = _found(rows, contract, store, now)
    parts, types = {}, {feature.name: feature for feature in contract.features}
    for index, row in rows.items():
        merging = _Merging(row, types, refuses=store.refuses)
        for view, part in found[index]:
            merging.add(view, part)
        instances[index], parts[index] = merging.features, merging.joined()
    return replace(request, instances=instances, joined=parts), reading


def _refused(row: EntityRow) -> Joined:
    return Joined(f"{row.place}features", faults=row.faults, excused=frozenset(row.excused))


def _found(
    rows: Mapping[int, EntityRow], contract: Contract, store: StoredRows, now: datetime
) -> tuple[dict[int, list[tuple[View, StoredRow]]], Reading | None]:
    """By the index of a row, what each view that it wants something of has of its entity."""
    found: dict[int, list[tuple[View, StoredRow]]] = {index: [] for index in rows}
    asking, asked = [], []
    for view in contract.stored:
        wanting = [index for index, row in rows.items() if view.name in row.wanted]
        if wanting:
            features = {name: None for index in wanting for name in rows[index].wanted[view.name]}
            keys = [{key.name: rows[index].keys[key.name] for key in view.keys} for index in wanting]
            asking.append(wanting)
            asked.append(Asked(view, list(features), keys))
    if not asked:
        return found, None
    reading = store.read(asked, now)
    for each, wanting, parts in zip(asked, asking, reading.rows, strict=True):
        for index, part in zip(wanting, parts, strict=True):
            found[index].append((each.view, part))
    return found, reading


@dataclass
class _Merging:
    """A row to which one view after the other adds its features."""

    row: EntityRow
    types: Mapping[str, Feature]
    refuses: bool
    record: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    faults: list[FieldError] = field(default_factory=list)
    excused: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.features = dict(self.row.given)

    def joined(self) -> Joined:
        return Joined(
            f"{self.row.place}features",
            record=self.record,
            warnings=self.warnings,
            faults=self.faults,
            excused=frozenset(self.excused),
            reasons=self.reasons,
        )

    def add(self, view: View, part: StoredRow) -> None:
        wanted = self.row.wanted[view.name]
        self.record[view.name] = self._traces(view, part)
        if self.refuses and part.state in (State.MISSING, State.STALE):
            self.faults.append(self._fault(view, part))
            self.excused.update(wanted)
            return
        if part.state is State.FRESH:
            reason = f"as the view {view.name} has it"
        else:
            reason, warning = self._lack(view, part)
            self.warnings.append(f"{view.name}: {warning}; its features are missing values")
        for name in wanted:
            self.features[name] = _as_sent(part.values.get(name), self.types[name])
            self.reasons[name] = reason

    def _lack(self, view: View, part: StoredRow) -> tuple[str, str]:
        """Why a view gives no values: for an error, which names no entity since it is recorded, and for the caller."""
        if part.state is State.UNREAD:
            failed = "the feature store did not answer"
            return f"{failed}, send it among the features", failed
        if part.state is State.MISSING:
            return f"the view {view.name} does not have the entity", f"{self._entity(view)} is not there"
        age = _age(part, view)
        return f"what the view {view.name} has of the entity is {age}", f"what it has of {self._entity(view)} is {age}"

    def _traces(self, view: View, part: StoredRow) -> dict[str, Any]:
        """What the values of the view can be traced by: its entity, the moment of its event, and what is not of it."""
        traces: dict[str, Any] = {
            "entities": {key.name: self.row.entities[key.name] for key in view.keys},
            "event": part.event.isoformat() if part.event else None,
        }
        sent = [each.name for each in view.features if each.name in self.row.given]
        if sent:
            traces["sent"] = sent
        if part.state is State.UNREAD:
            traces["unread"] = True
        return traces

    def _fault(self, view: View, part: StoredRow) -> FieldError:
        # Of several keys, what came is recorded only by its kind: each of them may be left out of the log.
        key = view.keys[0].name if len(view.keys) == 1 else ""
        place = f"{self.row.place}entities{f'.{key}' if key else ''}"
        right = f"an entity of the view {view.name}"
        if part.state is State.MISSING:
            expected, kind = right, "an entity that is not there"
        else:
            expected, kind = f"{right} with newer values: these are {_age(part, view)}", "an entity with old values"
        return FieldError(place=place, got=self._entity(view), expected=expected, kind=kind, feature=key)

    def _entity(self, view: View) -> str:
        return ", ".join(f"{key.name} {_brief(self.row.entities[key.name])}" for key in view.keys)


def _brief(value: Any) -> str:
    text = shown(value)
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."


def _age(part: StoredRow, view: View) -> str:
    return f"{_span(part.age)} old, the limit is {_span(view.ttl_seconds)}"


def _span(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.4g} seconds"


def _as_sent(value: Any, feature: Feature) -> Any:
    """A stored value as a caller would send it: what the contract says no to stays as it is."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, datetime):
        seconds = value.timestamp()
        # A day may come with a time.
        form = TIME if feature.form == DAY and seconds % _DAY_SECONDS else feature.form
        return dates.text(seconds, form) if feature.type == DATE else value.isoformat()
    return cells.label(value) if feature.type == CATEGORY and not isinstance(value, str) else value
