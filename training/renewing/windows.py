"""What challengers are fitted to, and the newest labelled rows that all of them are judged on."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from evergreen.contract.contract import Contract
from evergreen.errors import InvalidData
from evergreen.judging.dependence import Units
from evergreen.prediction_id import predicted_at
from evergreen.renewal.rule import ALL, HALF, LAST
from evergreen.settings.sections import GROUP, RANDOM, ModelSettings
from training.preparing.cleaning import Cleaned
from training.preparing.dividing import divide
from training.preparing.prepared import Prepared
from training.preparing.split import Sides, split


def judged_on(cleaned: Cleaned, new: Collection[str]) -> np.ndarray:
    """Positions of the new rows, in the order of their predictions, without those that equal an older row."""
    if cleaned.ids is None:
        return np.array([], dtype=int)
    is_new = cleaned.ids.isin(list(new)).to_numpy()
    positions = np.flatnonzero(is_new)
    positions = positions[~np.isin(cleaned.hashes[positions], cleaned.hashes[~is_new])]
    ids = cleaned.ids.to_numpy(dtype=object)[positions]
    return positions[np.argsort(ids, kind="stable")]


def prepare_windows(
    cleaned: Cleaned, period: np.ndarray, new: Collection[str], promised: Contract, settings: ModelSettings
) -> Iterator[tuple[str, Prepared | InvalidData]]:
    """The rows of each window with those of the period, or why there can be no model of it. A window that has the rows
    of an earlier one is left out.

    Args:
        period: of judged_on.
        promised: the champion's contract. What callers may send now, they may send to each challenger.
    """
    assert cleaned.ids is not None
    moments = split(cleaned.hashes, cleaned.by, settings.split, source=cleaned.source, ids=cleaned.ids).moments
    is_new = cleaned.ids.isin(list(new)).to_numpy()
    before = _oldest_first(cleaned, moments)
    before = before[~is_new[before]]
    own = int(cleaned.ids.isna().sum())
    sizes = {ALL: len(before), LAST: min(own, len(before)), HALF: min(own // 2, len(before))}
    seen = set()
    for window in settings.renewal.windows:
        if sizes[window] in seen:
            continue
        seen.add(sizes[window])
        sides = Sides(
            train=before[len(before) - sizes[window] :],
            holdout=period,
            duplicates=int(is_new.sum()) - len(period),
            moments=moments,
        )
        try:
            found = divide(cleaned, sides, settings)
        except InvalidData as error:
            yield window, error
            continue
        if settings.split.type in (RANDOM, GROUP):
            found = replace(found, holdout_units=_asked_at(cleaned, period, found.holdout_units))
        yield window, replace(found, contract=_keep(promised, found.contract))


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
