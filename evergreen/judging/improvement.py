"""The gates that compare metrics: with the baseline, with the champion, and with the champion on each slice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evergreen.judging.bootstrap import Gain
from evergreen.judging.dependence import Worth
from evergreen.judging.promotion import Gate
from evergreen.metrics import REGRESSION, metric_of
from evergreen.number_text import counted, number, percent
from evergreen.quoting import line

# If the models differ on rows worth fewer independent ones, a bootstrap is overconfident: it can only draw these rows.
MINIMUM_DIFFERING = 10
# Rows that depend on each other, and are worth fewer independent ones than this, do not show how much they do.
MINIMUM_INDEPENDENT = 20
# Smaller slices are not judged: in a few rows, a bad month looks like a bad model.
MINIMUM_SLICE_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Candidate and champion by one metric.

    Attributes:
        candidate: its metric, in the metric's units.
        champion: its metric.
        rows: the number of rows that both were measured on.
        where: which rows these are, in brackets; empty for the candidate's whole holdout.
    """

    metric: str
    candidate: float
    champion: float
    gain: Gain
    rows: int
    where: str = ""

    @property
    def enough(self) -> bool:
        """Whether the rows, and those on which the models differ, are enough for a bootstrap."""
        return not _tells_nothing(self.gain.worth) and self.gain.differing_worth >= MINIMUM_DIFFERING


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The comparison on the rows that have one value of a feature."""

    feature: str
    value: str
    comparison: Comparison


def better_than_baseline(
    metric: str, candidate: float, baseline: float, *, gain: Gain | None, confidence: float
) -> Gate:
    """The candidate beats a model that uses no features, and the lower bound of its gain is above 0.

    Args:
        baseline: the metric of always predicting the number that is best by the metric on the training rows, or their
            commonest class and the shares of their classes.
        gain: of the candidate over the baseline on the holdout; None for a bundle of an earlier release, which does not
            say what its baseline predicts.
    """
    text = metric_of(metric).text
    rival = f"{text(baseline)} of always predicting {_always(metric)}"
    passed, doubt = metric_of(metric).better(candidate, baseline), ""
    if passed and gain and not gain.low > 0:
        passed = False
        difference = metric_of(metric).difference_text
        doubt = (
            f" beyond noise: the gain of {difference(gain.value)} may as well be {difference(gain.low)} at "
            f"{percent(confidence)} confidence ({gain.worth.text})"
        )
    verb = "beats" if passed else "is no better than"
    return Gate(
        name="baseline",
        passed=passed,
        reason=f"{metric} {text(candidate)} {verb} {rival}{doubt}",
        numbers={
            "metric": metric,
            "candidate": candidate,
            "baseline": baseline,
            **({"gain": gain.value, "gain_low": gain.low, "confidence": confidence} if gain else {}),
        },
    )


def first_champion(baseline: Gate) -> Gate:
    """Without a champion, the candidate only has to beat the baseline."""
    return Gate(name="champion", passed=baseline.passed, reason=f"first champion: {baseline.reason}")


def same_model() -> Gate:
    """The candidate has the digest of the champion."""
    return Gate(name="champion", passed=False, reason="it is the same model as the champion")


def not_comparable(why: str, baseline: Gate) -> Gate:
    """If the metric cannot be computed for the champion, the candidate only has to beat the baseline."""
    return Gate(name="champion", passed=baseline.passed, reason=f"{baseline.reason}; {why}")


def better_than_champion(found: Comparison, *, confidence: float) -> Gate:
    """The lower bound of the gain is above 0."""
    gain, metric = found.gain, metric_of(found.metric)
    candidate = f"{found.metric} {metric.text(found.candidate)}"
    champion = f"{metric.text(found.champion)} of the champion{found.where}"
    by, at_least = metric.difference_text(gain.value), metric.difference_text(gain.low)
    sure = f"at {percent(confidence)} confidence ({gain.worth.text})"
    passed = found.enough and gain.low > 0
    if passed:
        reason = f"{candidate} beats {champion} beyond noise: by {by}, and by at least {at_least} {sure}"
    elif not gain.value > 0:
        reason = f"{candidate} is no better than {champion}"
    elif not found.enough:
        reason = f"{candidate} is no better than {champion} beyond noise: {_too_few(found)} are needed to tell"
    else:
        reason = (
            f"{candidate} is no better than {champion} beyond noise: the gain of {by} may as well be {at_least} {sure}"
        )
    return Gate(name="champion", passed=passed, reason=reason, numbers={**_numbers(found), "confidence": confidence})


def slice_label(value: Any) -> str:
    """The name of the slice of a feature's value. It is a key in metrics.json, so it is not rounded for people."""
    if value is None:
        return "missing"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def no_slice_much_worse(slices: Sequence[Slice], *, tolerance: float) -> Gate:
    """No slice is worse than with the champion by more than a share of the champion's metric, and beyond noise."""
    worse = [each for each in slices if _much_worse(each.comparison, tolerance)]
    numbers = {"slices": len(slices), "tolerance": tolerance}
    if not worse:
        known = f"none of {counted(len(slices), 'slice')} is much worse than with the champion"
        reason = known if slices else "there is no guarded slice with enough rows"
        return Gate(name="slices", passed=True, reason=reason, numbers=numbers)
    worst = min(worse, key=lambda each: each.comparison.gain.value)
    found = worst.comparison
    text = metric_of(found.metric).text
    more = f" (and {number(len(worse) - 1)} more)" if len(worse) > 1 else ""
    return Gate(
        name="slices",
        passed=False,
        reason=(
            f"where {worst.feature} is {line(worst.value)}, {found.metric} {text(found.candidate)} is much worse than "
            f"{text(found.champion)} of the champion ({found.gain.worth.text}, {percent(tolerance)} are "
            f"tolerated){more}"
        ),
        numbers={**numbers, "worse": len(worse), "slice": f"{worst.feature} = {worst.value}", **_numbers(found)},
    )


def no_slices(why: str) -> Gate:
    """The slices gate when there is nothing to compare the slices with."""
    return Gate(name="slices", passed=True, reason=why)


def _much_worse(found: Comparison, tolerance: float) -> bool:
    lost = -found.gain.value
    return found.enough and found.gain.high < 0 and lost > tolerance * abs(found.champion)


def _numbers(found: Comparison) -> dict[str, float | str]:
    return {
        "metric": found.metric,
        "candidate": found.candidate,
        "champion": found.champion,
        "gain": found.gain.value,
        "gain_low": found.gain.low,
        "gain_high": found.gain.high,
        "rows": found.rows,
        "differing_rows": found.gain.differing,
        "independent_rows": found.gain.worth.independent,
        "depends_on": ", ".join(found.gain.worth.by),
    }


def _tells_nothing(worth: Worth) -> bool:
    """Whether rows that depend on each other are worth too few independent ones."""
    return bool(worth.by) and worth.independent < MINIMUM_INDEPENDENT


def _too_few(found: Comparison) -> str:
    """What there is too little of, and how much would be enough."""
    gain = found.gain
    if _tells_nothing(gain.worth):
        return f"there are {gain.worth.text}, and {MINIMUM_INDEPENDENT} independent rows"
    differ = f"they differ on {number(gain.differing)} of {counted(found.rows, 'row')}"
    worth = "" if gain.worth.share == 1 else f", worth about {number(math.floor(gain.differing_worth))} independent"
    return f"{differ}{worth}, and {MINIMUM_DIFFERING}"


def _always(metric: str) -> str:
    if metric_of(metric).of_probabilities:
        return "the shares of the classes"
    return metric_of(metric).constant.name if metric_of(metric).task == REGRESSION else "the commonest class"
