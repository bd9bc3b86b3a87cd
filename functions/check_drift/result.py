"""The result of a check: stored as JSON, quoted in messages, counted in metrics."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from evergreen import names

OK = "ok"
DRIFT = "drift"
INSUFFICIENT_DATA = "insufficient data"
BROKEN_INPUT = names.STATUS_BROKEN_INPUT


@dataclass(frozen=True, kw_only=True)
class SliceQuality:
    """The metric of a part of the labelled predictions: those of a version, or with a value of a feature."""

    slice: str
    live: float
    labels: int


@dataclass(kw_only=True)
class CheckResult:
    """
    Attributes:
        status: one of the four above.
        reason: of the status, in a sentence.
        since: ISO 8601; the first check in a row that had this status.
        start, end: of the window, ISO 8601.
        rows: predictions in the window.
        by_version: the same by the version that made them.
        drift_since: ISO 8601; the check that first said so, of the drift that goes on.
        share: of the features that have drifted; None if nothing was compared.
        importance: the share of the model's importance that these carry; None if it is not known.
        broken_features: how many are broken; None if nothing was compared.
        alarms: name and text of each reason to alarm; see evergreen.monitoring.drift.alarm.
        features: name, distance, reasons and what is broken of each compared feature, those that moved most first.
        prediction: the same of the predictions; None if several versions made them.
        quality: as evergreen.monitoring.quality.Quality; None with `quality_reason` if it is not known.
        decision: of a model with a threshold, `positive` and, as evergreen.confusion.Confusion.as_dict, the decisions
            of this version that have a truth (`live`) and those of the holdout (`promised`); None without either.
        new_labels: predictions with a truth, of those since the ones that the last renewal has judged on.
        renewal: what the check means for renewal, in words; empty if nothing, or without [renewal].
        notes: other things worth knowing, in words.
        recent_rows: of the checks before this one, newest last.
    """

    model: str
    version: str
    status: str
    reason: str
    since: str
    start: str
    end: str
    checked_at: str
    rows: int = 0
    by_version: dict[str, int] = field(default_factory=dict)
    share: float | None = None
    importance: float | None = None
    broken_features: int | None = None
    alarms: list[dict[str, str]] = field(default_factory=list)
    drift_since: str | None = None
    features: list[dict[str, Any]] = field(default_factory=list)
    prediction: dict[str, Any] | None = None
    quality: dict[str, Any] | None = None
    quality_reason: str = ""
    decision: dict[str, Any] | None = None
    slices: list[SliceQuality] = field(default_factory=list)
    new_labels: int = 0
    renewal: str = ""
    notes: list[str] = field(default_factory=list)
    model_age_days: float | None = None
    capture_lag_seconds: float | None = None
    recent_rows: list[int] = field(default_factory=list)
    report: str = ""

    @property
    def drifting(self) -> bool:
        return bool(self.alarms)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False).encode()
