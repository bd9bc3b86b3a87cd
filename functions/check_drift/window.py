"""The captured predictions of a window of time as a table, and those with a label beside it.

A record may be delivered twice, late, or out of order: none of it changes what is read.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from evergreen import names
from evergreen.captures.labels import Labels
from evergreen.captures.records import Faults, require_form
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.monitoring.drift.comparison import PREDICTION

# Rows that are turned into columns together.
_CHUNK = 20_000
_ABSENT = object()
# Beyond it the mean of squares has no float; a caller may send any.
_LARGEST = 1e100
_NUMBERS = {int, float, type(None)}
_TEXTS = {str, type(None)}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A prediction with its truth, and who told it: empty if that was not recorded."""

    prediction_id: str
    version: str
    prediction: Any
    probabilities: Mapping[str, float] | None
    features: Mapping[str, Any]
    actual: Any
    told_by: str


@dataclass
class Window:
    """Collects records of predictions made from `start` to before `end`, UTC.

    Attributes:
        predicted: numbers, or categories for a classification.
        labels: predictions of any time that have one are kept in `labelled`.
        by_version: rows by the version that predicted them.
        duplicates: rows that came again.
        elsewhere: rows of the read objects that were predicted outside the window.
        wrong_cells: of values that do not fit the contract, by feature and what is there instead.
        broken_rows: rows with such a value.
        named_by_labels: rows that a label names, whoever told it.
        odd_labels: labels that no metric can hold against their predictions.
        other_contract: rows by other versions that lack features of the champion, or predict something else.
    """

    start: datetime
    end: datetime
    version: str
    features: Sequence[Feature]
    predicted: Literal["number", "category"]
    labels: Labels
    faults: Faults
    labelled: list[Labelled] = field(default_factory=list)
    by_version: Counter[str] = field(default_factory=Counter)
    wrong_cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: int = 0
    duplicates: int = 0
    elsewhere: int = 0
    broken_rows: int = 0
    named_by_labels: int = 0
    odd_labels: int = 0
    other_contract: int = 0

    def __post_init__(self) -> None:
        self._from, self._until = stamp(self.start), stamp(self.end)
        self._columns = [*self.features, Feature(name=PREDICTION, type=self.predicted, missing_allowed=False)]
        self._seen: set[str] = set()
        self._pending: list[dict[str, Any]] = []
        self._chunks: list[pd.DataFrame] = []

    def add(self, record: dict[str, Any], source: str) -> None:
        """Take the rows of a record in; one of another form is a fault."""
        try:
            require_form(record, names.RECORD_PREDICT)
            version, when = record["model_version"], record["timestamp"][:23]
            caller = record.get("caller") or ""
            for row in record["rows"]:
                self._add_row(row, version, caller, inside=self._from <= when < self._until)
        except (KeyError, TypeError, AttributeError) as error:
            self.faults.add(f"{source} holds a record of another form: {error}")
        if len(self._pending) >= _CHUNK:
            self._flush()

    def _add_row(self, row: dict[str, Any], version: str, caller: str, *, inside: bool) -> None:
        id_, features, prediction = row["prediction_id"], row["features"], row["prediction"]
        fits = self._is_of_the_task(prediction)
        if id_ in self._seen:
            self.duplicates += 1
            return
        self._seen.add(id_)
        self.named_by_labels += id_ in self.labels
        label = self.labels.of(id_, asked_by=caller)
        if label and not (fits and self._is_of_the_task(label.actual)):
            self.odd_labels += 1
        elif label:
            self.labelled.append(
                Labelled(
                    prediction_id=id_,
                    version=version,
                    prediction=prediction,
                    probabilities=row.get("probabilities"),
                    features=features,
                    actual=label.actual,
                    told_by=label.caller,
                )
            )
        if not inside:
            self.elsewhere += 1
        elif version != self.version and not (fits and features.keys() >= {item.name for item in self.features}):
            self.other_contract += 1
        else:
            self.by_version[version] += 1
            self._pending.append({**features, PREDICTION: prediction})

    def _is_of_the_task(self, value: Any) -> bool:
        if self.predicted == CATEGORY:
            return isinstance(value, str)
        return isinstance(value, int | float) and abs(value) < _LARGEST

    def table(self) -> pd.DataFrame:
        """All rows: a column for each feature, and PREDICTION where one version alone has predicted.

        Nothing can be added any more: of a million rows, the ids alone are a tenth of the memory.
        """
        self._flush()
        self._seen.clear()
        if not self._chunks:
            return pd.DataFrame({feature.name: [] for feature in self.features})
        columns = {name: _joined([chunk[name] for chunk in self._chunks]) for name in self._chunks[0]}
        self._chunks = [pd.DataFrame(columns, copy=False)]
        table = self._chunks[0]
        return table if set(self.by_version) <= {self.version} else table.drop(columns=PREDICTION)

    def _flush(self) -> None:
        rows, self._pending = self._pending, []
        if not rows:
            return
        self.rows += len(rows)
        broken = np.zeros(len(rows), bool)
        columns: dict[str, Any] = {}
        for feature in self._columns:
            values = [row.get(feature.name, _ABSENT) for row in rows]
            number = feature.type == NUMBER
            if not set(map(type, values)) <= (_NUMBERS if number else _TEXTS):
                values = list(self._checked(values, feature, broken))
            columns[feature.name] = _floats(values) if number else pd.Categorical(values)
            if number and np.isinf(columns[feature.name]).any():
                infinite = np.isinf(columns[feature.name])
                self.wrong_cells[feature.name, "infinite"] += int(infinite.sum())
                broken |= infinite
                columns[feature.name][infinite] = np.nan
        self.broken_rows += int(broken.sum())
        self._chunks.append(pd.DataFrame(columns, copy=False))

    def _checked(self, values: list[Any], feature: Feature, broken: np.ndarray) -> Iterator[Any]:
        """The values, missing where they are of another type; counts those."""
        right = _NUMBERS if feature.type == NUMBER else _TEXTS
        for index, value in enumerate(values):
            if type(value) in right:
                yield value
                continue
            found = "absent" if value is _ABSENT else f"of type {type(value).__name__}"
            self.wrong_cells[feature.name, found] += 1
            broken[index] = True
            yield None


def stamp(moment: datetime) -> str:
    """A moment as the function's log writes it, in UTC: texts of this form sort by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S,%f")[:23]


def _floats(values: list[float | None]) -> np.ndarray:
    """A missing number is NaN. An integer that no float can hold is infinite, as 1e999 is: JSON knows no limit."""
    try:
        return np.array(values, float)
    except OverflowError:
        return np.array([_float(value) for value in values])


def _float(value: float | None) -> float:
    if value is None:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _joined(chunks: list[pd.Series]) -> Any:
    if isinstance(chunks[0].dtype, pd.CategoricalDtype):
        return union_categoricals(chunks)
    return np.concatenate([chunk.to_numpy() for chunk in chunks])
