"""Measures candidate and champion by one metric, on the same holdout rows wherever that can be."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from evergreen.contract.changes import are_unrelated
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidRow
from evergreen.judging.bootstrap import Gain, paired_gain, unpaired_gain
from evergreen.judging.dependence import INDEPENDENT, Units, units_of
from evergreen.judging.improvement import MINIMUM_SLICE_ROWS, Comparison, Slice, slice_label
from evergreen.metrics import Outcomes, metric_of, why_unknown
from evergreen.number_text import number
from evergreen.quoting import quoted
from evergreen.versions.bundle import HoldoutRow, ServableModel

# A fixed seed: Judge decides the same for the same bundles.
_SEED = 0
# Classes that a reason names.
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A model with its own holdout.

    Attributes:
        read: gives the rows. A champion's are needed only where it cannot be held against the candidate's, and to read
            a hundred thousand takes seconds.
        outcomes: the predictions of training's library for these rows. The parity gate compares them with the
            scorer that will serve, row by row, so that it need not score them again.
    """

    model: ServableModel
    read: Callable[[], Iterable[HoldoutRow]]

    @cached_property
    def rows(self) -> list[HoldoutRow]:
        return list(self.read())

    @property
    def contract(self) -> Contract:
        return self.model.contract

    @cached_property
    def outcomes(self) -> Outcomes:
        return Outcomes(
            actual=[row.actual for row in self.rows],
            predicted=[row.predicted for row in self.rows],
            probabilities=[row.probabilities or [] for row in self.rows] if self.contract.classes else (),
            classes=self.contract.classes,
            positive=self.contract.positive,
        )

    @property
    def units(self) -> Units:
        return units_of(self.rows)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The outcomes of both models on the same rows: those of the candidate's holdout that the champion can read."""

    metric: str
    rows: list[HoldoutRow]
    candidate: Outcomes
    champion: Outcomes
    where: str
    units: Units = INDEPENDENT

    def why_unknown(self, places: Sequence[int] | None = None) -> str:
        """Why the metric is not known of these rows, by one of the models; empty if it is."""
        both = (
            (self.candidate, self.champion)
            if places is None
            else (
                self.candidate.take(places),
                self.champion.take(places),
            )
        )
        return next(filter(None, (why_unknown(self.metric, outcomes) for outcomes in both)), "")

    def compare(self, places: Sequence[int] | None = None, *, confidence: float) -> Comparison:
        """
        Args:
            places: the positions of the rows to compare on; without it, all rows.
        """
        candidate, champion, units = self.candidate, self.champion, self.units
        if places is not None:
            candidate, champion, units = candidate.take(places), champion.take(places), units.take(places)
        measure = metric_of(self.metric).measure
        return Comparison(
            metric=self.metric,
            candidate=measure(candidate),
            champion=measure(champion),
            gain=paired_gain(self.metric, candidate, champion, units=units, seed=_SEED, confidence=confidence),
            rows=len(candidate.actual),
            where=self.where,
        )


def gain_over_baseline(
    candidate: Judged, baseline: Mapping[str, Any] | None, metric: str, confidence: float
) -> Gain | None:
    """How much better the candidate is than a model that uses no features; None if that one is not known.

    Args:
        baseline: `predicted` and `probabilities`, the same for each row.
    """
    if baseline is None:
        return None
    own = candidate.outcomes
    count = len(own.actual)
    always = Outcomes(
        actual=own.actual,
        predicted=[baseline["predicted"]] * count,
        probabilities=[baseline["probabilities"]] * count if baseline["probabilities"] else (),
        classes=own.classes,
        positive=own.positive,
    )
    return paired_gain(metric, own, always, units=candidate.units, seed=_SEED, confidence=confidence)


def why_not_comparable(candidate: Judged, champion: Judged, metric: str) -> str | None:
    """The reason why the candidate cannot be compared with the champion; None if it can."""
    if champion.contract.target != candidate.contract.target:
        return f"the champion predicts another target, {champion.contract.target!r}"
    if metric_of(metric).task != champion.contract.task:
        return f"{metric} does not apply to the champion, a model of {champion.contract.task}"
    if set(champion.contract.classes) != set(candidate.contract.classes):
        named = ", ".join(map(quoted, champion.contract.classes[:_NAMED]))
        more = f" and {len(champion.contract.classes) - _NAMED} more" if len(champion.contract.classes) > _NAMED else ""
        return f"the champion knows other classes: {named}{more}"
    if are_unrelated(champion.contract, candidate.contract):
        return "the champion is of another table: no feature that both have has a value in common"
    if metric_of(metric).of_probabilities and not all(row.probabilities for row in champion.rows):
        return f"{metric} does not apply to the champion, which gives no probabilities"
    return None


def pair(candidate: Judged, champion: Judged, metric: str) -> Pair | None:
    """Score the candidate's holdout with the champion; None if it can read none of the rows."""
    readable, predicted, probabilities = [], [], []
    for row in candidate.rows:
        try:
            values = champion.contract.parse(row.features)
            # Compute only what the metric needs: with many rows and trees, each takes its time.
            if metric_of(metric).of_probabilities:
                probabilities.append(champion.model.probabilities(values) or [])
            else:
                predicted.append(champion.model.predict(values))
        except InvalidRow:
            continue
        readable.append(row)
    if not readable:
        return None
    own = Judged(model=candidate.model, read=lambda: readable).outcomes
    where = ""
    if len(readable) < len(candidate.rows):
        where = f" (on the rows that it can read, of {number(len(candidate.rows))})"
    return Pair(
        metric=metric,
        rows=readable,
        candidate=own,
        champion=Outcomes(
            actual=own.actual,
            predicted=predicted,
            probabilities=probabilities,
            classes=champion.contract.classes,
            positive=own.positive,
        ),
        units=units_of(readable),
        where=where,
    )


def compare_apart(candidate: Judged, champion: Judged, metric: str, *, confidence: float) -> Comparison:
    """Each model on its own holdout, where the champion cannot read the candidate's rows."""
    measure = metric_of(metric).measure
    theirs = replace(champion.outcomes, positive=candidate.contract.positive)
    return Comparison(
        metric=metric,
        candidate=measure(candidate.outcomes),
        champion=measure(theirs),
        gain=unpaired_gain(
            metric,
            candidate.outcomes,
            theirs,
            units=(candidate.units, champion.units),
            seed=_SEED,
            confidence=confidence,
        ),
        rows=len(candidate.rows),
        where=" (measured on the champion's own holdout: it cannot read these rows)",
    )


def compare_slices(both: Pair, features: Sequence[str], *, confidence: float) -> list[Slice]:
    """The comparison on each value of the features that has enough rows, and rows of which the metric is known.

    Args:
        confidence: that no bound fails in any slice. Each of n slices is bounded at 1 - (1 - confidence) / n
            (Bonferroni), so that many slices do not make a false alarm likely.
    """
    places: dict[tuple[str, Any], list[int]] = defaultdict(list)
    for place, row in enumerate(both.rows):
        for feature in features:
            places[feature, row.features.get(feature)].append(place)
    enough = {
        key: found for key, found in places.items() if len(found) >= MINIMUM_SLICE_ROWS and not both.why_unknown(found)
    }
    each = 1 - (1 - confidence) / max(1, len(enough))
    return [
        Slice(
            feature=feature,
            value=slice_label(value),
            comparison=both.compare(found, confidence=each),
        )
        for (feature, value), found in enough.items()
    ]
