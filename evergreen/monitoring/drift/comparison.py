"""Compares a window of rows with the reference, column by column."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.monitoring.drift import kinds
from evergreen.monitoring.drift.history import History
from evergreen.monitoring.drift.rule import counts
from evergreen.monitoring.drift.shift import Shift, shift_of_categories, shift_of_numbers, shift_of_share
from evergreen.number_text import number
from evergreen.settings.sections import DriftSettings

# The name of the column of predictions beside the features. No feature of a table can have this name.
PREDICTION = "(prediction)"

# Whether the shift of a column's values counts as drift in the comparison that it is part of.
Verdict = Callable[[str, Shift], bool]
# Measures how far the present values of each column have moved: takes reference, current, columns and the verdict.
Measure = Callable[[pd.DataFrame, pd.DataFrame, Sequence[Feature], Verdict], dict[str, Shift]]

# Of a past in which a kind of rows never came near being all rows, no test is needed to tell that it is new.
_NEAR = 0.5


@dataclass(frozen=True, kw_only=True)
class ColumnDrift:
    """The result for one column.

    Attributes:
        distance: from 0 to 1, the largest of its tests.
        reasons: a sentence for each test that found drift.
        broken: what almost all rows of the column are, such as missing, if that is new; else empty.
    """

    name: str
    distance: float
    reasons: tuple[str, ...] = ()
    broken: str = ""

    @property
    def drifted(self) -> bool:
        return bool(self.reasons or self.broken)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The results for the features, and for the predictions if both sides have them."""

    features: tuple[ColumnDrift, ...]
    prediction: ColumnDrift | None

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The features that have drifted."""
        return tuple(feature for feature in self.features if feature.drifted)

    @property
    def share(self) -> float:
        """The share of the features that have drifted, from 0 to 1."""
        return len(self.drifted) / len(self.features) if self.features else 0.0


def compared_features(features: Sequence[Feature], rule: DriftSettings) -> list[Feature]:
    """The features that the rule does not leave out, and without the season, which is the same on both sides."""
    return [feature for feature in features if feature.name not in (*rule.leave_out, rule.season)]


def prediction_of(contract: Contract) -> Feature:
    """The predictions as a column to compare."""
    return _prediction(numeric=not contract.classes)


def _prediction(*, numeric: bool) -> Feature:
    return Feature(name=PREDICTION, type=NUMBER if numeric else CATEGORY, missing_allowed=False)


def in_season(reference: pd.DataFrame, current: pd.DataFrame, rule: DriftSettings) -> pd.DataFrame:
    """The reference rows to compare with: all of them, or those whose season occurs in the window."""
    if not rule.season or rule.season not in current:
        return reference
    return reference[reference[rule.season].isin(current[rule.season].unique())]


def measure(
    reference: pd.DataFrame, current: pd.DataFrame, features: Sequence[Feature], _verdict: Verdict
) -> dict[str, Shift]:
    """The shift of each column's present values."""
    return {feature.name: shift_of(reference[feature.name], current[feature.name], feature) for feature in features}


def shift_of(reference: pd.Series, current: pd.Series, feature: Feature) -> Shift:
    """The shift of a column's present values. Both sides must have at least one."""
    before, now = reference.dropna(), current.dropna()
    if feature.type == NUMBER:
        return shift_of_numbers(before.to_numpy(float), now.to_numpy(float))
    return shift_of_categories(before.value_counts().to_dict(), now.value_counts().to_dict())


def compare(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    features: Sequence[Feature],
    rule: DriftSettings,
    *,
    history: History | None = None,
    measure: Measure = measure,
) -> Comparison:
    """Compare frames that hold a column for each feature, NaN or None where a value is missing.

    Predictions are compared if both frames have the column PREDICTION.

    Args:
        features: those to compare.
        history: how far the columns have moved in their own past; without it, rows count as independent.
        measure: the function that measures the shift of the present values.
    """
    columns = list(features)
    if PREDICTION in reference and PREDICTION in current:
        columns.append(_prediction(numeric=pd.api.types.is_numeric_dtype(reference[PREDICTION])))
    before, now = (
        pd.DataFrame({column.name: kinds.steadied(column, frame[column.name]) for column in columns}, copy=False)
        for frame in (reference, current)
    )
    sides = {column.name: _Sides(column, before[column.name], now[column.name]) for column in columns}
    measurable = [column for column in columns if sides[column.name].measurable]
    verdicts = _Verdicts(
        rule=rule,
        history=history or History(),
        rows=len(current),
        tests=len(measurable) + sum(len(side.shares) for side in sides.values()),
    )
    values = measure(before, now, measurable, verdicts.of_values)
    drifts = {name: verdicts.of_column(side, values.get(name)) for name, side in sides.items()}
    return Comparison(prediction=drifts.pop(PREDICTION, None), features=tuple(drifts.values()))


class _Sides:
    """A column in the reference and in the window, with the shifts of its kinds of rows."""

    def __init__(self, column: Feature, before: pd.Series, now: pd.Series) -> None:
        self.column, self.before, self.now = column, before, now
        self.measurable = bool(before.notna().any() and now.notna().any())
        was, are = kinds.hits_of(column, before), kinds.hits_of(column, now)
        # A kind that occurs on neither side is no test.
        self.shares = {
            kind: shift_of_share(kinds.in_words(kind, column), _counted(was[kind]), _counted(are[kind]))
            for kind in was
            if was[kind].any() or are[kind].any()
        }
        self.share = {kind: float(hits.mean()) for kind, hits in are.items()}
        self.share_before = {kind: float(hits.mean()) for kind, hits in was.items()}

    def constant(self) -> tuple[Shift, float, float, str]:
        """The shift of the share of the commonest value, that share now and before, and the value."""
        value = kinds.likeliest_constant(self.column, self.now)
        was, are = ((side == value).to_numpy(dtype=bool) for side in (self.before, self.now))
        text = number(value) if isinstance(value, float) else repr(value)
        shift = shift_of_share(f"of one value, {text}", _counted(was), _counted(are))
        return shift, float(are.mean()), float(was.mean()), shift.words


@dataclass(frozen=True, kw_only=True)
class _Verdicts:
    """Judges the shifts of one comparison."""

    rule: DriftSettings
    history: History
    rows: int
    tests: int

    def of_values(self, column: str, shift: Shift, *, missing: bool = False) -> bool:
        """Whether a shift of a column counts as drift. A small one is not worth the p-value."""
        if shift.distance < self.rule.smallest_shift:
            return False
        p_value = self.history.p_value(column, shift, rows=self.rows, missing=missing)
        return counts(shift.distance, p_value, self.rule, tests=self.tests)

    def of_column(self, side: _Sides, values: Shift | None) -> ColumnDrift:
        name = side.column.name
        shifts = [*([values] if values else []), *side.shares.values()]
        reasons = [values.words] if values and self.of_values(name, values) else []
        reasons += [
            shift.words
            for kind, shift in side.shares.items()
            if self.of_values(name, shift, missing=kind == kinds.MISSING)
        ]
        return ColumnDrift(
            name=name,
            distance=max(shift.distance for shift in shifts),
            reasons=tuple(reasons),
            broken="" if name == PREDICTION else next(self._broken(side), ""),
        )

    def _broken(self, side: _Sides) -> Iterator[str]:
        """What almost all rows are, if that is new."""
        for kind, shift in side.shares.items():
            if self._is_new(side, kind, shift, now=side.share[kind], before=side.share_before[kind]):
                yield shift.words
        if side.measurable:
            shift, now, before, words = side.constant()
            if self._is_new(side, kinds.CONSTANT, shift, now=now, before=before):
                yield words

    def _is_new(self, side: _Sides, kind: str, shift: Shift, *, now: float, before: float) -> bool:
        """Whether almost all rows are of a kind, and neither the reference nor the past explains it."""
        if now < self.rule.broken or before >= self.rule.broken:
            return False
        name = side.column.name
        most = max(before, self.history.most.get(name, {}).get(kind, 0.0))
        return most < _NEAR * self.rule.broken or self.of_values(name, shift, missing=kind == kinds.MISSING)


def _counted(hits: kinds.Hits) -> tuple[int, int]:
    """The rows that are hits, and the others."""
    count = int(np.count_nonzero(hits))
    return count, len(hits) - count
