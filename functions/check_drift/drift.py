"""The part of a check that looks for drift: the window against the champion's holdout."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pandas as pd

from evergreen.contract.feature import NUMBER, Feature
from evergreen.monitoring.drift.alarm import assess, in_words
from evergreen.monitoring.drift.comparison import PREDICTION, compare, compared_features, in_season
from evergreen.monitoring.drift.history import NOTHING, History
from evergreen.monitoring.drift.report import EvidentlyMeasure
from evergreen.monitoring.drift.rule import significance
from evergreen.number_text import counted, number, percent
from evergreen.settings.sections import DriftSettings
from evergreen.versions.bundle import HoldoutRow
from functions.check_drift.result import DRIFT, INSUFFICIENT_DATA, OK, CheckResult
from functions.check_drift.subject import Subject

# A feature of which only a move of more than this share of the rows can be seen is worth a note.
_BLIND = 0.5


def look_for_drift(result: CheckResult, table: pd.DataFrame, features: Sequence[Feature], subject: Subject) -> bytes:
    """Write into the result how far the window has moved; return Evidently's report, empty if nothing was compared.

    Args:
        table: the rows of the window.
        features: those that are captured.
    """
    rule = subject.rule
    reference = in_season(_reference(subject.holdout, features), table, rule)
    features = compared_features(features, rule)
    if len(table) < rule.minimum_rows or len(reference) < rule.minimum_rows:
        few = f"{counted(len(table), 'prediction')} in the window"
        if len(table) >= rule.minimum_rows:
            few = counted(len(reference), "reference row") + (" of the same season" if rule.season else "")
        result.status = INSUFFICIENT_DATA
        result.reason = f"{few}, {number(rule.minimum_rows)} are needed ([drift] minimum_rows in model.toml)"
        return b""
    evidently = EvidentlyMeasure(rule)
    comparison = compare(reference, table, features, rule, history=subject.history, measure=evidently)
    found = assess(comparison, rule, subject.importance)
    result.share, result.importance, result.broken_features = found.share, found.importance, found.broken
    result.alarms = [asdict(reason) for reason in found.reasons]
    result.features = [
        asdict(feature)
        for feature in sorted(
            comparison.features, key=lambda item: (not item.broken, -len(item.reasons), -item.distance)
        )
    ]
    result.prediction = asdict(comparison.prediction) if comparison.prediction else None
    result.status = DRIFT if found.reasons else OK
    result.reason = in_words(comparison, found)
    result.notes += _doubts(subject.history, len(table), len(reference), features, rule)
    return evidently.html


def _doubts(
    history: History, rows: int, reference: int, features: Sequence[Feature], rule: DriftSettings
) -> Iterator[str]:
    """What the comparison cannot tell."""
    if history.order == NOTHING:
        yield (
            "rows count as independent, since training knew no order in time and no groups of them, or too few rows: "
            "if they depend on each other, more checks alarm than [drift] false_alarms_per_year says"
        )
    p_value = significance(rule) / max(len(features), 1)
    blind = [
        feature.name
        for feature in features
        if history.smallest_visible(feature.name, rows=rows, reference=reference, p_value=p_value) > _BLIND
    ]
    if blind:
        yield (
            f"in a window of {counted(rows, 'row')}, only a move of more than {percent(_BLIND)} of the rows can be "
            f"told from how far the past has moved: {', '.join(blind)}"
        )


def _reference(rows: Sequence[HoldoutRow], features: Sequence[Feature]) -> pd.DataFrame:
    columns = {
        feature.name: pd.Series(
            [row.features[feature.name] for row in rows], dtype=float if feature.type == NUMBER else object
        )
        for feature in features
    }
    return pd.DataFrame({**columns, PREDICTION: [row.predicted for row in rows]})
