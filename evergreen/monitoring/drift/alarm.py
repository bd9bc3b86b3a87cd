"""Why a check alarms. Any one of these reasons is enough; none can arise without a column that is named.

[drift] `alarm_on` in model.toml says which of them count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evergreen.monitoring.drift.comparison import ColumnDrift, Comparison
from evergreen.number_text import counted, number, percent
from evergreen.settings.sections import BROKEN, IMPORTANCE, PREDICTION, SHARE, DriftSettings

# If features carry less of the importance, the model does not use them, and however many drift is no reason to alarm.
_USED = 0.01
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason to alarm, and a sentence about it."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What a comparison means for the model.

    Attributes:
        share: of the features that have drifted, from 0 to 1.
        importance: the share of the importance that drifted features carry, from 0 to 1; None if it is not known.
        broken: how many features are broken.
        reasons: to alarm; empty if there is none.
    """

    share: float
    importance: float | None
    broken: int
    reasons: tuple[Reason, ...]


def assess(comparison: Comparison, rule: DriftSettings, importance: Mapping[str, float]) -> Assessment:
    """
    Args:
        importance: by feature, as Train measured it; below 0 counts as 0. Empty if it was not measured.
    """
    weights = {feature.name: max(importance.get(feature.name, 0.0), 0.0) for feature in comparison.features}
    total = sum(max(value, 0.0) for value in importance.values())
    drifted, share = comparison.drifted, comparison.share
    carried = sum(weights[feature.name] for feature in drifted) / total if total else None
    broken = [feature for feature in comparison.features if feature.broken]
    reasons = []
    if share > rule.share and (carried is None or carried >= _USED):
        text = (
            f"{number(len(drifted))} of {counted(len(comparison.features), 'feature')} have drifted ({percent(share)}, "
            f"alarm above {percent(rule.share)})"
        )
        reasons.append(Reason(name=SHARE, text=text))
    if carried is not None and carried > rule.importance:
        reasons.append(Reason(name=IMPORTANCE, text=_importance_in_words(drifted, weights, carried, rule)))
    if broken:
        reasons.append(Reason(name=BROKEN, text=_broken_in_words(broken)))
    if comparison.prediction and comparison.prediction.drifted:
        text = f"the predictions themselves have moved: {'; '.join(comparison.prediction.reasons)}"
        reasons.append(Reason(name=PREDICTION, text=text))
    return Assessment(
        share=share,
        importance=carried,
        broken=len(broken),
        reasons=tuple(reason for reason in reasons if reason.name in rule.alarm_on),
    )


def in_words(comparison: Comparison, assessment: Assessment) -> str:
    """The comparison in one sentence: the reasons to alarm, or what did not suffice."""
    if assessment.reasons:
        return "; ".join(reason.text for reason in assessment.reasons)
    drifted = [feature.name for feature in comparison.drifted]
    if not drifted:
        return f"none of {counted(len(comparison.features), 'feature')} has drifted"
    are, carry = ("it is", "carries") if len(drifted) == 1 else ("they are", "carry")
    known = assessment.importance is not None
    importance = f" and {carry} {percent(assessment.importance or 0.0)} of the importance" if known else ""
    return (
        f"{_listed(drifted)} drifted, which is no reason to alarm: {are} {percent(assessment.share)} of the "
        f"features{importance}"
    )


def _importance_in_words(
    drifted: Sequence[ColumnDrift], weights: Mapping[str, float], carried: float, rule: DriftSettings
) -> str:
    names = _listed([item.name for item in sorted(drifted, key=lambda item: -weights[item.name])])
    verb = "has" if len(drifted) == 1 else "have"
    carry = "carries" if len(drifted) == 1 else "together carry"
    return (
        f"{names} {verb} drifted and {carry} {percent(carried)} of the model's importance (alarm above "
        f"{percent(rule.importance)})"
    )


def _broken_in_words(broken: Sequence[ColumnDrift]) -> str:
    named = [f"{feature.name} is broken: {feature.broken}" for feature in broken[:_NAMED]]
    more = f", and {number(len(broken) - _NAMED)} more" if len(broken) > _NAMED else ""
    return "; ".join(named) + more


def _listed(names: Sequence[str]) -> str:
    more = f" and {number(len(names) - _NAMED)} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
