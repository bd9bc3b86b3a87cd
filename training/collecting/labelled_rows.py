"""Joins captured predictions with their labels, by the prediction's id: the latest label of those that count wins.

What arrives twice, late or out of order changes nothing.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evergreen import names
from evergreen.captures.labels import Labels
from evergreen.captures.records import Faults, require_form
from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER
from evergreen.number_text import counted, number

# A row's features and target, by the column's name.
Row = Mapping[str, Any]


@dataclass
class LabelledRows:
    """Collects the predictions that have a label.

    Attributes:
        contract: of the champion; a row needs its features, each of the right type.
        labels: by the prediction's id; complete before the first prediction is added.
        rows: features and target by the prediction's id.
        told_by: the caller who told the label of each of them; empty if that was not recorded.
        lacking: rows that were left out, by the feature that they lack or have of another type.
        odd: labels that are no value of the target.
    """

    contract: Contract
    labels: Labels
    faults: Faults
    rows: dict[str, Row] = field(default_factory=dict)
    told_by: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, int] = field(default_factory=dict)
    odd: int = 0

    def add(self, records: Iterable[tuple[dict[str, Any], str]]) -> None:
        """Take predictions in; a record of another form is a fault.

        Args:
            records: each with the name of the object that it comes from.
        """
        for record, source in records:
            try:
                require_form(record, names.RECORD_PREDICT)
                for row in record["rows"]:
                    self._add(row["prediction_id"], row["features"], record.get("caller") or "")
            except (KeyError, TypeError, AttributeError) as error:
                self.faults.add(f"{source} holds a record of another form: {error}")

    def notes(self) -> Iterator[str]:
        """What was left out, in sentences."""
        if self.odd:
            yield f"{counted(self.odd, 'label')} left out: no value of {self.contract.target!r}"
        for feature, count in sorted(self.lacking.items()):
            yield (
                f"{counted(count, 'row')} left out: without {feature!r} as the champion needs it. It may be in [log] "
                "leave_out, or a model without it made the prediction"
            )
        unknown = len(self.labels) - len(self._named)
        if unknown:
            yield f"{number(unknown)} labels name no captured prediction: it has expired, or was not logged"
        if self.labels.foreign:
            yield (
                f"{counted(self.labels.foreign, 'prediction')} got labels of callers that [quality] labels_from does "
                "not name; these do not count"
            )
        if self.labels.changed:
            yield f"{counted(self.labels.changed, 'prediction')} got several labels; the latest holds"

    def __post_init__(self) -> None:
        self._named: set[str] = set()

    def _add(self, id_: str, features: Mapping[str, Any], caller: str) -> None:
        if id_ not in self.labels or id_ in self._named:
            return
        self._named.add(id_)
        label = self.labels.of(id_, asked_by=caller)
        if label is None:
            return
        if not self._is_truth(label.actual):
            self.odd += 1
            return
        for feature in self.contract.features:
            if not _fits(features.get(feature.name, _ABSENT), numeric=feature.type == NUMBER):
                self.lacking[feature.name] = self.lacking.get(feature.name, 0) + 1
                return
        row = {feature.name: _as_cell(features[feature.name]) for feature in self.contract.features}
        self.told_by[id_] = label.caller
        self.rows[id_] = {**row, self.contract.target: _as_cell(label.actual)}

    def _is_truth(self, actual: Any) -> bool:
        if self.contract.classes:
            return actual in self.contract.classes
        return _fits(actual, numeric=True) and actual is not None


_ABSENT = object()


def _as_cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else float(value)


def _fits(value: Any, *, numeric: bool) -> bool:
    if value is None:
        return True
    if not numeric:
        return isinstance(value, str)
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False
