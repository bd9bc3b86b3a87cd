"""How much less the features tell of the newest labels than of as many rows before that are like them.

Where the world has changed, models that are fitted to the new rows learn it as well as others learned the old one.
Where labels were mixed up, no model does. So models are fitted to parts of the rows and predict the others, among the
newest and among those before. Some rows are harder than others: of those before, the ones like the newest count.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold

from evergreen.contract.contract import Contract
from evergreen.errors import InvalidSettings
from evergreen.metrics import Outcomes
from evergreen.settings.sections import ModelSettings
from training.fitting.evaluation import predict
from training.preparing.rows import TrainingRows

Fit = Callable[[TrainingRows, Contract, ModelSettings], Any]
# Rows of each side, at most: these tell enough.
MOST_ROWS = 2_000
# Of rows before, so many times as many. Each part by itself: models of more rows would be better.
TIMES = 2
# Rows before that are most like one of the newest.
_NEIGHBOURS = 20
_FOLDS = 5
# Standard errors by which more must be lost than nothing: it is looked at in each renewal, of any table.
_SURE = 3.5
# Who knows less than this of the rows before cannot lose it either.
_LEAST_SKILL = 0.1


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """Predictions of rows that the model did not know.

    Attributes:
        said: of each row: the number; of a classification how uncertain the model is, from 0 up.
        losses: of each row: the absolute error, or 1 less the probability of the true class.
        dealt: what the mean loss would be if the labels were dealt to the rows at random.
    """

    said: NDArray[np.float64]
    losses: NDArray[np.float64]
    dealt: float


def lost_signal(
    before: TrainingRows, now: TrainingRows, contract: Contract, settings: ModelSettings, fit: Fit
) -> float:
    """The part of what the features told of the labels that they do not tell of the newest ones.

    Args:
        fit: fits the pipeline to some rows.

    Returns:
        0 if it is not sure that there is any, or if there can be no model; up to about 1.
    """
    size, total = len(now.table), len(before.table)
    parts = [before.take(np.arange(max(0, end - size), end)) for end in range(total, 0, -size)]
    # What is left over is less than a part, and its models would be worse.
    full = [part for part in parts if len(part.table) == size] or parts
    found = [unseen(part, contract, settings, fit) for part in full]
    newest = unseen(now, contract, settings, fit)
    if newest is None or None in found:
        return 0.0
    known = [part for part in found if part]
    try:
        expected = _said(predict(fit(before, contract, settings), now.table, contract))
    except InvalidSettings:
        return 0.0
    said, losses = (np.concatenate([getattr(part, name) for part in known]) for name in ("said", "losses"))
    like = _like(expected, said, losses)
    return lost(like, float(np.mean([part.dealt for part in known])), newest)


def lost(before: NDArray[np.float64], dealt: float, now: Unseen) -> float:
    """The part that is lost: both of what is said of the rows and of the loss itself.

    Numbers that have all grown are farther off, and the features tell as much of them; rows that are much alike leave
    little to tell, and are no farther off.

    Args:
        before: losses of rows that are like the newest.
        dealt: of all rows before.
    """
    told = dealt - before.mean()
    if told < _LEAST_SKILL * dealt or now.dealt <= 0:
        return 0.0
    # Per unit of what labels dealt at random would lose, and in the units of the label.
    return min(_lost(before * old, now.losses * new, told * old) for old, new in ((1 / dealt, 1 / now.dealt), (1, 1)))


def _lost(before: NDArray[np.float64], now: NDArray[np.float64], told: float) -> float:
    grown = float(now.mean() - before.mean())
    error = math.hypot(*(side.std() / math.sqrt(len(side)) for side in (before, now)))
    return grown / told if grown > _SURE * error else 0.0


def _like(wanted: NDArray[np.float64], said: NDArray[np.float64], losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean loss of the rows of which about the same was said, for each that is wanted."""
    order = np.argsort(said, kind="stable")
    number = min(_NEIGHBOURS, len(said))
    sums = np.concatenate([[0.0], np.cumsum(losses[order])])
    first = np.clip(np.searchsorted(said[order], wanted) - number // 2, 0, len(said) - number)
    return (sums[first + number] - sums[first]) / number


def _said(outcomes: Outcomes) -> NDArray[np.float64]:
    if not outcomes.classes:
        return np.asarray(outcomes.predicted, float)
    return 1 - np.square(np.asarray(outcomes.probabilities, float)).sum(axis=1)


def unseen(rows: TrainingRows, contract: Contract, settings: ModelSettings, fit: Fit) -> Unseen | None:
    """Of rows that are predicted by models of the others among them; None if a part of them can have no model."""
    size, groups = len(rows.table), rows.units.groups
    if groups is not None and len(np.unique(groups)) >= _FOLDS:
        folds = GroupKFold(_FOLDS).split(np.arange(size), groups=groups)
    else:
        folds = KFold(_FOLDS, shuffle=True, random_state=settings.seed).split(np.arange(size))
    parts = []
    for known, held_out in folds:
        fitted_to = rows.take(known)
        if set(contract.classes) - set(fitted_to.table[contract.target]):
            return None
        try:
            parts.append(predict(fit(fitted_to, contract, settings), rows.table.iloc[held_out], contract))
        except InvalidSettings:
            return None
    return _of_classes(parts, contract) if contract.classes else _of_numbers(parts)


def _of_numbers(parts: list[Outcomes]) -> Unseen:
    actual = np.array([value for part in parts for value in part.actual], float)
    predicted = np.array([value for part in parts for value in part.predicted], float)
    return Unseen(said=predicted, losses=np.abs(actual - predicted), dealt=mean_distance(actual, predicted))


def mean_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Of each of the one from each of the other, in the time and the memory of a sort."""
    other = np.sort(other)
    below, sums = np.searchsorted(other, one), np.concatenate([[0.0], np.cumsum(other)])
    total = one * below - sums[below] + (sums[-1] - sums[below]) - one * (len(other) - below)
    return float(total.mean()) / len(other)


def _of_classes(parts: list[Outcomes], contract: Contract) -> Unseen:
    places = {label: place for place, label in enumerate(contract.classes)}
    actual = np.array([places[label] for part in parts for label in part.actual])
    probabilities = np.concatenate([np.asarray(part.probabilities, float) for part in parts])
    shares = np.bincount(actual, minlength=len(places)) / len(actual)
    return Unseen(
        said=np.concatenate([_said(part) for part in parts]),
        losses=1 - probabilities[np.arange(len(actual)), actual],
        dealt=float(1 - shares @ probabilities.mean(axis=0)),
    )
