"""What the drift check needs to know of a model: its rules, and how the table's columns moved in their own past."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from evergreen.contract.contract import Contract
from evergreen.judging.dependence import Codes, Units
from evergreen.monitoring.drift.calibration import Replay, calibrate
from evergreen.monitoring.drift.comparison import PREDICTION, compared_features, prediction_of
from evergreen.monitoring.drift.past import look_back, past_of
from evergreen.settings.sections import ModelSettings
from training.fitting.evaluation import predict

# Rows that are predicted at once.
_AT_ONCE = 50_000


def monitoring_rules(
    estimator: Any,
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    units: Units,
    importance: Mapping[str, Mapping[str, float]],
    *,
    contract: Contract,
    settings: ModelSettings,
) -> dict[str, Any]:
    """The content of monitoring.json: the rules of drift and quality, the past, and how often the drift rule alarmed
    when nothing was wrong.

    Args:
        units: how the training rows, and the holdout rows after them, depend on each other.
        importance: by feature, as Evaluation has it.

    Raises:
        InvalidSettings: the drift rule would raise more false alarms than it may.
    """
    rule, features = settings.drift, compared_features(contract.features, settings.drift)
    table = pd.concat([train, holdout], ignore_index=True)
    past = past_of(table, units, rule, reference=len(holdout), seed=settings.seed)
    needed = np.union1d(past.looked_at(rule), np.arange(len(train), len(table)))
    table[PREDICTION] = _predictions(estimator, table, needed, contract)
    columns = [*features, prediction_of(contract)]
    history = look_back(table, past, columns, rule)
    replay = Replay(
        table=table,
        past=past,
        holdout=table.iloc[len(train) :],
        features=features,
        importance={name: each["mean"] for name, each in importance.items()},
        history=history,
    )
    return {
        "drift": asdict(rule),
        "quality": asdict(settings.quality),
        "group": settings.group,
        "history": history.as_dict(),
        "calibration": [each.as_dict() for each in calibrate(replay, rule, seed=settings.seed)],
    }


def _predictions(estimator: Any, table: pd.DataFrame, needed: Codes, contract: Contract) -> pd.Series:
    """Those of the rows at some places; of the others none, since a large forest takes its time for a million."""
    predicted = pd.Series(np.nan, index=table.index, dtype=object if contract.classes else float)
    # In parts: an estimator copies what it predicts, more than once.
    for start in range(0, len(needed), _AT_ONCE):
        rows = needed[start : start + _AT_ONCE]
        predicted.iloc[rows] = predict(estimator, table.iloc[rows], contract).predicted
    return predicted
