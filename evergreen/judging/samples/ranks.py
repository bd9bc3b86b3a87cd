"""Samples for metrics of how scores rank the rows. Rows are sorted once; a draw only counts how often each one came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evergreen.judging.samples.sample import Counts, Floats, draw
from evergreen.metrics import Metric, Outcomes

# With many rows and classes there are fewer draws, so that Judge takes seconds: rows of all draws, and the least draws.
_MOST_ROWS, _LEAST_DRAWS = 400_000_000, 200


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """How many drawn rows stand where, by score, the highest first; scores that no row of the class has may be absent.

    Attributes:
        found: rows of the class that have the score or a higher one.
        named: all such rows.
        above: all rows that have a higher score.
        rows: of the draw.
    """

    found: Floats
    named: Floats
    above: Floats
    rows: float

    @property
    def ones(self) -> Floats:
        """Rows of the class that have the score."""
        return np.diff(self.found, prepend=0)

    @property
    def all_ones(self) -> float:
        return float(self.found[-1]) if len(self.found) else 0.0

    @property
    def precision(self) -> Floats:
        """A score that no row of a draw has or exceeds finds nothing."""
        precision: Floats = np.divide(self.found, self.named, out=np.zeros_like(self.found), where=self.named > 0)
        return precision


class _Ranking:
    """The rows of one model by their score for one class, the highest first."""

    def __init__(self, scores: Floats, is_one: NDArray[np.bool_]) -> None:
        self.order = np.argsort(-scores, kind="stable")
        self.is_one = is_one[self.order]
        # The place after the last row of each score, and the number of the score of each row.
        self._ends = np.append(np.flatnonzero(np.diff(scores[self.order])) + 1, len(scores))
        self.score = np.searchsorted(self._ends, np.arange(len(scores)), side="right")
        self._ones = np.flatnonzero(self.is_one)
        # The scores of the rows of the class: most metrics need no others.
        of_ones, counts = np.unique(self.score[self._ones], return_counts=True)
        self._ends_of_ones, self._starts_of_ones = self._ends[of_ones], np.append(0, self._ends)[of_ones]
        self._last_ones = np.cumsum(counts)

    def drawn(self, counts: Counts) -> _Scores:
        """At the scores of the rows of the class."""
        sums = self._sums(counts)
        found = np.append(0, np.cumsum(counts[self.order[self._ones]]))[self._last_ones]
        return _Scores(
            found=found.astype(np.float64),
            named=sums[self._ends_of_ones],
            above=sums[self._starts_of_ones],
            rows=float(sums[-1]),
        )

    def all(self) -> _Scores:
        """Every row once, at every score."""
        found = np.append(0, np.cumsum(self.is_one))[self._ends].astype(np.float64)
        named = self._ends.astype(np.float64)
        return _Scores(found=found, named=named, above=np.append(0.0, named[:-1]), rows=named[-1])

    def _sums(self, counts: Counts) -> Floats:
        sums = np.zeros(len(counts) + 1)
        np.cumsum(counts[self.order], out=sums[1:])
        return sums


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """
    Attributes:
        value: takes the level of the metric as well; not a number where it is not known.
        influence: of each row in the order of a ranking.
        unknown: what a draw counts as in which it is not known: as one of a model that tells nothing.
    """

    value: Callable[[_Scores, float], float]
    influence: Callable[[_Ranking, float], Floats]
    unknown: float = 0.0


class Ranks:
    """The rankings of each model, one for each class that counts."""

    def __init__(self, metric: Metric, models: Sequence[Outcomes]) -> None:
        self._measure, self._level = MEASURES[metric.family], metric.level
        actual = np.array(models[0].actual, dtype=object)
        self._rows = len(actual)
        self._rankings = []
        for outcomes in models:
            scores, classes = np.asarray(outcomes.probabilities, dtype=np.float64), list(outcomes.classes)
            labels = models[0].ranked_classes
            self._rankings.append([_Ranking(scores[:, classes.index(label)], actual == label) for label in labels])

    def measured(self) -> Floats:
        return self._values(np.ones(self._rows, dtype=np.int_), unknown=np.nan)

    def influence(self) -> Floats:
        return np.array([self._influence(model) for model in self._rankings])

    def resampled(self, generator: np.random.Generator, resamples: int, size: int) -> Floats:
        work = self._rows * sum(map(len, self._rankings))
        draws = min(resamples, max(_LEAST_DRAWS, _MOST_ROWS // work))
        return draw(
            generator, draws, size, self._rows, lambda counts: self._values(counts, unknown=self._measure.unknown)
        )

    def differing(self) -> int:
        influence = self.influence()
        return int(np.count_nonzero(influence[0] != influence[-1]))

    def _values(self, counts: Counts, *, unknown: float) -> Floats:
        """By model, the mean over the classes of which it is known."""
        found = np.array(
            [[self._measure.value(each.drawn(counts), self._level) for each in model] for model in self._rankings]
        )
        known = ~np.isnan(found)
        sums, numbers = np.where(known, found, 0.0).sum(axis=1), known.sum(axis=1)
        values: Floats = np.divide(sums, numbers, out=np.full(len(sums), unknown), where=numbers > 0)
        return values

    def _influence(self, model: Sequence[_Ranking]) -> Floats:
        """In the order of the sample. A class that no row has, or all have, has none."""
        influence = np.zeros(self._rows)
        known = [each for each in model if each.is_one.any() and not each.is_one.all()]
        for ranking in known:
            influence[ranking.order] += self._measure.influence(ranking, self._level) / len(known)
        return influence


# Products are summed, not multiplied as matrices: BLAS would start threads for it, which wait for each other.


def _roc_auc(at: _Scores, _level: float) -> float:
    ones, others = at.all_ones, at.rows - at.all_ones
    if not ones or not others:
        return np.nan
    own = at.ones
    passed = at.above - (at.found - own)
    tied = at.named - at.above - own
    return float((own * (others - passed - tied / 2)).sum() / (ones * others))


def _roc_auc_influence(ranking: _Ranking, level: float) -> Floats:
    """By the placement of each row among those of the other kind (DeLong, DeLong and Clarke-Pearson 1988)."""
    at = ranking.all()
    ones, others, value = at.all_ones, at.rows - at.all_ones, _roc_auc(at, level)
    passed = at.named - at.found
    above = (at.found - at.ones / 2) / ones
    below = 1 - (passed - np.diff(passed, prepend=0) / 2) / others
    influence: Floats = np.where(ranking.is_one, (below[ranking.score] - value) / ones, 0.0)
    influence += np.where(ranking.is_one, 0.0, (above[ranking.score] - value) / others)
    return influence * at.rows


def _average_precision(at: _Scores, _level: float) -> float:
    return float((at.ones * at.precision).sum() / at.all_ones) if at.all_ones else np.nan


def _average_precision_influence(ranking: _Ranking, level: float) -> Floats:
    """A row changes the precision at each row of the class that it does not stand below."""
    at = ranking.all()
    parts = at.ones / at.named
    more, less = (np.cumsum(each[::-1])[::-1] for each in (parts, parts * at.precision))
    own = at.precision - _average_precision(at, level) + more
    influence: Floats = (ranking.is_one * own[ranking.score] - less[ranking.score]) * at.rows / at.all_ones
    return influence


def _recall_at_precision(at: _Scores, level: float) -> float:
    return _most(at, at.precision >= level) / at.all_ones if at.all_ones else np.nan


def _recall_at_precision_influence(ranking: _Ranking, level: float) -> Floats:
    """A row above the threshold changes the recall, and the precision, which moves the threshold.

    How far it moves is taken from what the recall would be with a little more precision, and with a little less.
    """
    at = ranking.all()
    found = _most(at, at.precision >= level)
    selected = ranking.score <= np.searchsorted(at.found, found) if found else np.zeros(len(ranking.score), dtype=bool)
    slack = at.found - level * at.named
    little = np.sqrt(max(1.0, float(np.count_nonzero(selected)))) / 2
    gain = (_most(at, slack >= -little) - _most(at, slack >= little)) / (2 * little)
    influence: Floats = ranking.is_one * (selected - found / at.all_ones) + gain * selected * (ranking.is_one - level)
    return influence * at.rows / at.all_ones


def _most(at: _Scores, where: NDArray[np.bool_]) -> float:
    """The most rows of the class that a score finds, of those where it may."""
    return float(np.max(at.found, initial=0.0, where=where))


MEASURES = {
    "roc_auc": _Measure(value=_roc_auc, influence=_roc_auc_influence, unknown=0.5),
    "average_precision": _Measure(value=_average_precision, influence=_average_precision_influence),
    "recall_at_precision": _Measure(value=_recall_at_precision, influence=_recall_at_precision_influence),
}
