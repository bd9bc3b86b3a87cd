"""The part of a check that looks at quality: labelled predictions against what the holdout promised."""

from collections import Counter, defaultdict

import numpy as np
import pandas as pd

from evergreen.contract.contract import Contract
from evergreen.judging.dependence import Units, units_of
from evergreen.metrics import METRICS, Outcomes
from evergreen.monitoring.quality import assess
from evergreen.number_text import number
from evergreen.quoting import FEWEST_ROWS, OTHERS, line
from functions.check_drift.result import CheckResult, SliceQuality
from functions.check_drift.subject import Subject
from functions.check_drift.window import Labelled


def judge_quality(result: CheckResult, labelled: list[Labelled], subject: Subject) -> None:
    """Write into the result how the predictions of this version did, and those of each slice and version."""
    holdout, wanted, contract = subject.holdout, subject.quality, subject.contract
    metric = subject.bundle.metrics["metric"]
    # Sorted, since a bootstrap of the same rows in another order gives another interval.
    labelled = sorted(labelled, key=lambda row: row.prediction_id)
    own = [row for row in labelled if row.version == subject.champion.version]
    if len(own) < wanted.minimum_labels:
        result.quality_reason = (
            f"{number(len(own))} of this version's predictions have a label, "
            f"{number(wanted.minimum_labels)} are needed: send what really happened to POST /feedback"
        )
    else:
        promise = Outcomes(
            actual=[row.actual for row in holdout],
            predicted=[row.predicted for row in holdout],
            probabilities=[row.probabilities for row in holdout if row.probabilities],
            classes=contract.classes,
        )
        quality = assess(
            metric,
            promise,
            _outcomes(own, contract),
            holdout_units=units_of(holdout),
            live_units=_units(own, subject.group),
        )
        result.quality = quality.as_dict()
    parts: dict[str, list[Labelled]] = defaultdict(list)
    for row in labelled:
        parts[f"version {row.version}"].append(row)
    for name in wanted.slices:
        having = [row for row in own if name in row.features]
        counts = Counter(str(row.features[name]) for row in having)
        for row in having:
            value = str(row.features[name])
            parts[f"{name} {line(value) if counts[value] >= FEWEST_ROWS else OTHERS}"].append(row)
    measure = METRICS[metric].measure
    result.slices = [
        SliceQuality(slice=part, live=measure(_outcomes(rows, contract)), labels=len(rows))
        for part, rows in sorted(parts.items())
    ]


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
    )
