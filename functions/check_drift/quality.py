"""The part of a check that looks at quality: labelled predictions against what the holdout promised."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from evergreen.confusion import Confusion
from evergreen.contract.contract import Contract
from evergreen.judging.bootstrap import measure
from evergreen.judging.dependence import Units, units_of
from evergreen.metrics import Outcomes, metric_of, why_unknown
from evergreen.monitoring.quality import Quality, assess, ceiling
from evergreen.number_text import counted, number, percent
from evergreen.quoting import FEWEST_ROWS, OTHERS, line
from functions.check_drift.result import CheckResult, SliceQuality
from functions.check_drift.subject import Subject
from functions.check_drift.window import Labelled

# Labels that equal the prediction are worth a note beyond this share, and beyond three times that of the holdout.
_COPIED = 0.05
_UNUSUAL = 3
# How much worse the metric must be with a few wild labels for these to be worth a note.
_MATTERS = 1.1


def judge_quality(result: CheckResult, labelled: list[Labelled], subject: Subject) -> None:
    """Write into the result how the predictions of this version did, and those of each slice, version and caller."""
    wanted, contract = subject.quality, subject.contract
    metric = subject.bundle.metrics["metric"]
    # Sorted, since a bootstrap of the same rows in another order gives another interval.
    labelled = sorted(labelled, key=lambda row: row.prediction_id)
    own = [row for row in labelled if row.version == subject.champion.version]
    promise = Outcomes(
        actual=[row.actual for row in subject.holdout],
        predicted=[row.predicted for row in subject.holdout],
        probabilities=[row.probabilities for row in subject.holdout if row.probabilities],
        classes=contract.classes,
        positive=contract.positive,
    )
    if len(own) < wanted.minimum_labels:
        result.quality_reason = (
            f"{number(len(own))} of this version's predictions have a label, "
            f"{number(wanted.minimum_labels)} are needed: send what really happened to POST /feedback"
        )
    elif unknown := why_unknown(metric, _outcomes(own, contract)):
        result.quality_reason = unknown
    else:
        live = _outcomes(own, contract)
        quality = assess(
            metric,
            promise,
            live,
            holdout_units=units_of(subject.holdout),
            live_units=_units(own, subject.group),
        )
        result.quality = quality.as_dict()
        result.notes += _doubts(promise, live, quality)
        if rule := subject.decision:
            result.decision = {
                "positive": rule["positive"],
                "live": Confusion.of(live, rule["positive"]).as_dict(rule["costs"]),
                "promised": rule["holdout"],
            }
    # What is not known of all of them has no ceiling for its parts.
    if labelled and not why_unknown(metric, _outcomes(labelled, contract)):
        most = ceiling(metric, promise, _outcomes(labelled, contract))
        parts = {part: _outcomes(rows, contract) for part, rows in sorted(_parts(labelled, own, wanted.slices).items())}
        result.slices = [
            SliceQuality(slice=part, live=measure(metric, live, ceiling=most), labels=len(live.actual))
            for part, live in parts.items()
            if not why_unknown(metric, live)
        ]


def _parts(labelled: list[Labelled], own: list[Labelled], features: Sequence[str]) -> dict[str, list[Labelled]]:
    """The labelled predictions by version; those of this version also by value of each feature, and by who told."""
    parts: dict[str, list[Labelled]] = defaultdict(list)
    for row in labelled:
        parts[f"version {row.version}"].append(row)
    for name in features:
        having = [row for row in own if name in row.features]
        counts = Counter(str(row.features[name]) for row in having)
        for row in having:
            value = str(row.features[name])
            parts[f"{name} {line(value) if counts[value] >= FEWEST_ROWS else OTHERS}"].append(row)
    callers = Counter(row.told_by for row in own)
    if len(callers) > 1:
        # One who tells most of the truths could hide what the others see.
        main = callers.most_common(1)[0][0]
        for row in own:
            parts[f"labels from {line(main) or 'unknown'}" if row.told_by == main else "labels from others"].append(row)
    return parts


def _doubts(promise: Outcomes, live: Outcomes, quality: Quality) -> Iterator[str]:
    """What is odd about the labels: they count all the same, since the world may have changed."""
    metric = metric_of(quality.metric)
    if quality.wild and (plain := metric.measure(live)) > _MATTERS * quality.live:
        yield (
            f"{counted(quality.wild, 'label')} of those that cost most count as the worst of the others; with them, "
            f"{quality.metric} would be {metric.text(plain)}"
        )
    if live.classes:
        return
    truth = np.asarray(promise.actual, float)
    low, high = 2 * truth.min() - truth.max(), 2 * truth.max() - truth.min()
    told = np.asarray(live.actual, float)
    if outside := int(np.count_nonzero((told < low) | (told > high))):
        yield (
            f"{counted(outside, 'label')} outside {number(low)} to {number(high)}: farther from the holdout's truths "
            "than these are from each other"
        )
    copied, usual = (float(np.mean(np.asarray(of.actual) == np.asarray(of.predicted))) for of in (live, promise))
    if copied > max(_COPIED, _UNUSUAL * usual):
        yield f"{percent(copied)} of the labels equal their prediction exactly, {percent(usual)} on the holdout do"


def _units(rows: list[Labelled], group: str) -> Units:
    """Predictions in the order of time, which their ids sort by, and in groups if the group is a feature.

    Args:
        rows: sorted by their ids.
    """
    groups = None
    if group and all(group in row.features for row in rows):
        groups = pd.factorize(np.array([str(row.features[group]) for row in rows], dtype=object))[0]
    return Units(moments=np.arange(len(rows)), groups=groups)


def _outcomes(rows: list[Labelled], contract: Contract) -> Outcomes:
    return Outcomes(
        actual=[row.actual for row in rows],
        predicted=[row.prediction for row in rows],
        # An earlier version may not know every class.
        probabilities=[[(row.probabilities or {}).get(label, 0.0) for label in contract.classes] for row in rows]
        if contract.classes
        else (),
        classes=contract.classes,
        positive=contract.positive,
    )
