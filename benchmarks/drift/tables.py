"""The whole rule on real tables in time order: on their own past, and on the rows that follow each training.

A table is cut at several moments. What lies before a cut is trained on as always, the last fifth of it being the
holdout. Training checks the windows of that past. Then the rows up to the next cut are checked, window by window, and
the model's error on each window is compared with that on the holdout: where it has risen, an alarm is none that is
false.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.real_tables import TABLES, TEXAS, WHEN, read
from evergreen.judging.dependence import Units
from evergreen.monitoring.drift.alarm import assess
from evergreen.monitoring.drift.comparison import PREDICTION, compare, compared_features, in_season
from evergreen.monitoring.drift.history import History
from evergreen.monitoring.quality import assess as assess_quality
from evergreen.settings.sections import DataSettings, DriftSettings, ModelSettings, SplitSettings
from training import prepare, train
from training.fitting.evaluation import importance, predict
from training.monitoring import monitoring_rules
from training.preparing.prepared import Prepared

CUTS = (0.5, 0.6, 0.7, 0.8, 0.9)
# What [drift] would say, where the defaults do not fit.
RULES: Mapping[str, DriftSettings] = {
    TEXAS: DriftSettings(season="month", every_hours=720),
    "flights": DriftSettings(minimum_rows=900),
}
# What a page says of these beside the tables themselves.
CHECKED = {TEXAS: ", checked monthly, by season", "flights": ", about a day in a window"}
_MOST_WINDOWS = 25


def measure(*, names: Sequence[str], cuts: Sequence[float], progress: Callable[[str], None]) -> dict[str, Any]:
    """By table: windows of the past and alarms on them; later windows, how many of them the model's error had risen on,
    and alarms on these and on the others.

    Raises:
        TablesUnavailable: the packages cannot be installed.
    """
    found = {}
    for name, table in read(names).items():
        rule = RULES.get(name, DriftSettings())
        counts = dict.fromkeys(("past", "past_alarms", "later", "risen", "alarms_risen", "alarms_not_risen"), 0)
        for cut in cuts:
            for key, count in _at(table, TABLES[name].target, rule, cut).items():
                counts[key] += count
            progress(f"{name}, cut at {cut:g}: {counts}")
        found[name] = {"rows": len(table), "window": rule.minimum_rows, **counts}
    return found


def _at(table: pd.DataFrame, target: str, rule: DriftSettings, cut: float) -> dict[str, int]:
    """Train on what lies before the cut, and check what follows."""
    settings = ModelSettings(
        name="table",
        data=DataSettings(path="table.csv", target=target, leave_out=[WHEN]),
        split=SplitSettings(by=WHEN),
        metric="mae",
        drift=rule,
    )
    known = table.iloc[: int(len(table) * cut)]
    later = table.iloc[len(known) : int(len(table) * (cut + 0.1))].reset_index(drop=True)
    parts = prepare.prepare(known, settings, file="table.csv")
    contract = parts.contract
    estimator = train.fit(parts.train_rows, contract, settings)
    promised = predict(estimator, parts.holdout, contract)
    measured = importance(estimator, parts.holdout, contract, metric="mae", seed=0)
    monitoring = monitoring_rules(
        estimator,
        parts.train,
        parts.holdout,
        parts.train_units.then(parts.holdout_units),
        measured,
        contract=contract,
        settings=settings,
    )
    reference = parts.holdout.assign(**{PREDICTION: promised.predicted})
    rows = _typed(later, parts)
    outcomes = predict(estimator, rows, contract)
    rows[PREDICTION] = outcomes.predicted
    counts = {
        "past": sum(each["checks"] for each in monitoring["calibration"]),
        "past_alarms": sum(each["false_alarms"] for each in monitoring["calibration"]),
        **dict.fromkeys(("later", "risen", "alarms_risen", "alarms_not_risen"), 0),
    }
    starts = np.arange(0, len(rows) - rule.minimum_rows + 1, rule.minimum_rows)
    for start in starts[:: max(1, -(-len(starts) // _MOST_WINDOWS))]:
        places = range(start, start + rule.minimum_rows)
        now = rows.iloc[places.start : places.stop]
        before = in_season(reference, now, rule)
        if len(before) < rule.minimum_rows:
            continue
        comparison = compare(
            before,
            now,
            compared_features(contract.features, rule),
            rule,
            history=History.from_dict(monitoring["history"]),
        )
        alarm = bool(assess(comparison, rule, {name: each["mean"] for name, each in measured.items()}).reasons)
        live = Units(moments=np.arange(len(places)))
        risen = assess_quality(
            "mae", promised, outcomes.take(places), holdout_units=parts.holdout_units, live_units=live
        ).fell
        counts["later"] += 1
        counts["risen"] += risen
        counts["alarms_risen"] += alarm and risen
        counts["alarms_not_risen"] += alarm and not risen
    return {key: int(count) for key, count in counts.items()}


def _typed(later: pd.DataFrame, parts: Prepared) -> pd.DataFrame:
    """Rows with the types that Prepare gives them."""
    columns = {
        feature.name: later[feature.name].astype(float if feature.type == "number" else object)
        for feature in parts.contract.features
    }
    target = later[parts.contract.target].astype(float)
    present = target.notna()
    return pd.DataFrame({**columns, parts.contract.target: target})[present].reset_index(drop=True)
