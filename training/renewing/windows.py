"""What challengers are fitted to, and the newest labelled rows that all of them are judged on."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from evergreen.contract.contract import Contract
from evergreen.judging.dependence import Units
from evergreen.prediction_id import predicted_at
from evergreen.renewal.rule import ALL, HALF, LAST
from evergreen.settings.sections import GROUP, RANDOM, ModelSettings
from training.preparing.cleaning import Cleaned
from training.preparing.dividing import divide
from training.preparing.prepared import Prepared
from training.preparing.rows import TrainingRows
from training.preparing.split import Sides, split


def judged_on(cleaned: Cleaned, new: Collection[str]) -> np.ndarray:
    """Positions of the new rows, in the order of their predictions, without copies of an older row."""
    if cleaned.ids is None:
        return np.array([], dtype=int)
    is_new = cleaned.ids.isin(list(new)).to_numpy()
    positions = np.flatnonzero(is_new)
    if not cleaned.by_chance:
        positions = positions[~np.isin(cleaned.hashes[positions], cleaned.hashes[~is_new])]
    ids = cleaned.ids.to_numpy(dtype=object)[positions]
    return positions[np.argsort(ids, kind="stable")]


class Windows:
    """The rows of each window with those of the period.

    Attributes:
        names: of the windows in model.toml, without one that has the rows of an earlier one.
    """

    def __init__(
        self, cleaned: Cleaned, period: np.ndarray, new: Collection[str], promised: Contract, settings: ModelSettings
    ) -> None:
        """
        Args:
            period: of judged_on.
            promised: the champion's contract. What callers may send now, they may send to each challenger.
        """
        assert cleaned.ids is not None
        self._cleaned, self._period, self._promised, self._settings = cleaned, period, promised, settings
        found = split(cleaned, settings.split)
        self._moments = found.moments
        is_new = cleaned.ids.isin(list(new)).to_numpy()
        self._repeated = int(is_new.sum()) - len(period)
        before = _oldest_first(cleaned, found.moments)
        self._before = before[~is_new[before]]
        known, own = len(self._before), int(cleaned.ids.isna().sum())
        self._sizes = {ALL: known, LAST: min(own, known), HALF: min(own // 2, known)}
        first_of_size = {self._sizes[window]: window for window in reversed(settings.renewal.windows)}
        self.names = [window for window in settings.renewal.windows if first_of_size[self._sizes[window]] == window]

    def prepare(self, window: str) -> Prepared:
        """
        Raises:
            InvalidData: there can be no model of the window.
        """
        return self._divide(self._rows(window))

    def prepare_refit(self, window: str) -> Prepared:
        """The same with the period's rows among those to fit on, after it has been judged on them.

        Raises:
            InvalidData: there can be no model of the window.
        """
        return self._divide(np.concatenate([self._rows(window), self._period]))

    def newest(self, most: int, *, times: int) -> tuple[TrainingRows, TrainingRows, Contract]:
        """Rows before the period and rows of it, the newest of each, with a contract of all.

        Args:
            most: rows of the period.
            times: so many times as many before it, if there are.

        Raises:
            InvalidData: there can be no model of them.
        """
        everything = self._divide(np.concatenate([self._before, self._period]))
        cut, end = len(self._before), len(everything.train)
        size, rows = min(most, end - cut), everything.train_rows
        before, now = np.arange(max(0, cut - times * size), cut), np.arange(end - size, end)
        return rows.take(before), rows.take(now), everything.contract

    def _rows(self, window: str) -> np.ndarray:
        return self._before[len(self._before) - self._sizes[window] :]

    def _divide(self, train: np.ndarray) -> Prepared:
        sides = Sides(train=train, holdout=self._period, duplicates=self._repeated, moments=self._moments)
        found = divide(self._cleaned, sides, self._settings)
        if self._settings.split.type in (RANDOM, GROUP):
            found = replace(found, holdout_units=_asked_at(self._cleaned, self._period, found.holdout_units))
        return replace(found, contract=_keep(self._promised, found.contract))


def _keep(promised: Contract, contract: Contract) -> Contract:
    """A contract that also takes a missing value where the promised one does: a window may have rows without any."""
    may_be_missing = {feature.name for feature in promised.features if feature.missing_allowed}
    features = (
        replace(feature, missing_allowed=feature.missing_allowed or feature.name in may_be_missing)
        for feature in contract.features
    )
    return replace(contract, features=tuple(features))


def _oldest_first(cleaned: Cleaned, moments: np.ndarray | None) -> np.ndarray:
    """Positions of all rows. The table's own, if they have no order in time, come in one that says nothing."""
    assert cleaned.ids is not None
    if moments is not None:
        return np.argsort(moments, kind="stable")
    captured = cleaned.ids.notna().to_numpy()
    own = np.flatnonzero(~captured)
    later = np.flatnonzero(captured)
    ids = cleaned.ids.to_numpy(dtype=object)[later]
    return np.concatenate([own[np.argsort(cleaned.hashes[own], kind="stable")], later[np.argsort(ids, kind="stable")]])


def _asked_at(cleaned: Cleaned, period: np.ndarray, units: Units) -> Units:
    """Predictions have an order even where the table's rows have none: those of one request are of one moment."""
    assert cleaned.ids is not None
    times = [predicted_at(id_) for id_ in cleaned.ids.to_numpy(dtype=object)[period]]
    moments = np.unique([time.timestamp() if time else 0.0 for time in times], return_inverse=True)[1]
    return replace(units, moments=moments)
