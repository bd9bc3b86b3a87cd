"""model.toml: the one file that a user edits for a model of their own."""

import dataclasses
import difflib
import re
import tomllib
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evergreen.errors import InvalidSettings
from evergreen.metrics import CLASSIFICATION, METRICS, REGRESSION
from evergreen.names import FORMAT_CHAT, FORMAT_TEXT

TASKS = (REGRESSION, CLASSIFICATION)
FORMATS = (FORMAT_TEXT, FORMAT_CHAT)
# What each is in scikit-learn stands in training/estimators.py.
_ENSEMBLES = ("hist_gradient_boosting", "gradient_boosting", "random_forest", "extra_trees", "decision_tree")
ESTIMATORS = {
    REGRESSION: (*_ENSEMBLES, "linear", "ridge", "lasso", "elastic_net"),
    CLASSIFICATION: (*_ENSEMBLES, "logistic"),
}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """The table: where it lies, which column is predicted, which columns the model must not see."""

    path: str
    target: str
    leave_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """Rows are sorted by the column `by`; the last `holdout` share of them is kept for judging."""

    by: str
    holdout: float = 0.2


@dataclass(frozen=True, kw_only=True)
class EstimatorSettings:
    """What is fitted. `parameters` are those of the scikit-learn estimator."""

    type: str = "hist_gradient_boosting"
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """Thresholds of the alarms: a share of requests from 0 to 1, and milliseconds."""

    rejected_share: float = 0.1
    latency_p99_ms: float = 500


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """The record of predictions: which share of the requests is logged, and which features never are."""

    sample: float = 1.0
    leave_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class NotificationSettings:
    """`format` of what SNS sends: text for people, or chat, JSON for chat tools."""

    format: str = FORMAT_TEXT


@dataclass(frozen=True, kw_only=True)
class DriftSettings:
    """When a window of predictions is said to have drifted from the holdout. It travels in the bundle.

    Attributes:
        share: of the features that have drifted; above it the check alarms.
        significance: probability that a check without drift names any feature.
        smallest_shift: share of the rows that must have moved before a difference counts.
        minimum_rows: fewer rows, in the window or in the reference, are "insufficient data".
        leave_out: features that are not compared, such as time itself.
        season: a feature; the window is compared with the reference rows that have the same values of it.
        every_hours, window_hours: between two checks, and how far back each looks; both part of the stack.
    """

    share: float = 0.3
    significance: float = 0.01
    smallest_shift: float = 0.05
    minimum_rows: int = 200
    leave_out: list[str] = field(default_factory=list)
    season: str = ""
    every_hours: int = 24
    window_hours: int = 24


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """The live metric on predictions whose truth has come in.

    Attributes:
        days: how far back truths are taken into account; at most 30.
        minimum_labels: with fewer, quality is not known.
        slices: categorical features; the metric is also given for each of their values.
    """

    days: int = 30
    minimum_labels: int = 100
    slices: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """All of model.toml."""

    name: str
    data: DataSettings
    split: SplitSettings
    description: str = ""
    task: str = REGRESSION
    metric: str = "mape"
    seed: int = 0
    estimator: EstimatorSettings = field(default_factory=EstimatorSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    log: LogSettings = field(default_factory=LogSettings)
    drift: DriftSettings = field(default_factory=DriftSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)

    def check_features(self, features: Sequence[str], *, file: str) -> None:
        """Hold what is said about features against those that the table has.

        Raises:
            InvalidSettings: one is named that there is not.
        """
        named = {
            "[drift] leave_out": self.drift.leave_out,
            "[drift] season": [self.drift.season] if self.drift.season else [],
            "[quality] slices": self.quality.slices,
            "[log] leave_out": self.log.leave_out,
        }
        for setting, names in named.items():
            for name in names:
                if name not in features:
                    raise InvalidSettings(
                        f"model.toml: {setting} names {name!r}, which is no feature of {file}; "
                        f"the features are: {', '.join(features)}"
                    )


def read_settings(path: Path) -> ModelSettings:
    """Read and check a model.toml.

    Raises:
        InvalidSettings: the file is missing, is not TOML, or has an unknown key or a wrong value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InvalidSettings(f"{path}: there is no such file. Run the command in the folder of model.toml") from error
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"{path}: is not UTF-8 text: {error}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{path}: is not TOML: {error}") from error
    reader = _Reader(path.name, text)
    settings: ModelSettings = reader.read(ModelSettings, table, section="")
    reader.check_values(settings)
    return settings


class _Reader:
    """Fills the dataclasses from a TOML table; every message names the file, the line and the right value."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()

    def read(self, cls: type, table: dict[str, Any], *, section: str) -> Any:
        types = typing.get_type_hints(cls)
        for key in table:
            if key not in types:
                nearest = difflib.get_close_matches(key, types, n=1) or [", ".join(types)]
                raise self._error(section, key, f"unknown key; did you mean {nearest[0]}?")
        for item in dataclasses.fields(cls):
            required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
            if required and item.name not in table:
                raise self._error(section, item.name, "is missing")
        return cls(**{key: self._value(types[key], value, section, key) for key, value in table.items()})

    def _value(self, kind: Any, value: Any, section: str, key: str) -> Any:
        if dataclasses.is_dataclass(kind):
            if not isinstance(value, dict):
                raise self._error(section, key, f"must be a section, written [{key}]")
            return self.read(typing.cast(type, kind), value, section=key)
        origin = typing.get_origin(kind) or kind
        if origin is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, origin) or isinstance(value, bool):
            raise self._error(section, key, f"must be {_TOML_TYPES[origin]}, got {value!r}")
        if kind == list[str] and not all(isinstance(entry, str) for entry in value):
            raise self._error(section, key, f"must be a list of text, got {value!r}")
        return value

    def check_values(self, settings: ModelSettings) -> None:
        if not _NAME.fullmatch(settings.name) or len(settings.name) > 40:
            raise self._error(
                "", "name", "must be lower-case words joined by hyphens, of 40 characters at most, like house-prices"
            )
        self._check_choice("", "task", settings.task, TASKS)
        fitting = [name for name, metric in METRICS.items() if metric.task == settings.task]
        self._check_choice("", "metric", settings.metric, fitting)
        self._check_choice("estimator", "type", settings.estimator.type, ESTIMATORS[settings.task])
        if not 0 < settings.split.holdout < 1:
            raise self._error("split", "holdout", f"must lie between 0 and 1, got {settings.split.holdout}")
        if settings.data.target in settings.data.leave_out:
            raise self._error("data", "leave_out", f"must not name the target {settings.data.target!r}")
        if not 0 < settings.alarms.rejected_share < 1:
            raise self._error("alarms", "rejected_share", "must lie between 0 and 1")
        if settings.alarms.latency_p99_ms <= 0:
            raise self._error("alarms", "latency_p99_ms", "must be above 0")
        if not 0 <= settings.log.sample <= 1:
            raise self._error("log", "sample", f"must lie between 0 and 1, got {settings.log.sample}")
        self._check_choice("notifications", "format", settings.notifications.format, FORMATS)
        self._check_monitoring(settings.drift, settings.quality)

    def _check_monitoring(self, drift: DriftSettings, quality: QualitySettings) -> None:
        shares = {"share": drift.share, "significance": drift.significance, "smallest_shift": drift.smallest_shift}
        for key, value in shares.items():
            if not 0 < value < 1:
                raise self._error("drift", key, f"must lie between 0 and 1, got {value:g}")
        if drift.minimum_rows < 50:
            raise self._error("drift", "minimum_rows", f"must be 50 at least, got {drift.minimum_rows}")
        for key, hours in {"every_hours": drift.every_hours, "window_hours": drift.window_hours}.items():
            if not 1 <= hours <= 24 * 30:
                raise self._error("drift", key, f"must be 1 to 720, got {hours}")
        if not 1 <= quality.days <= 30:
            raise self._error("quality", "days", f"must be 1 to 30, got {quality.days}")
        if quality.minimum_labels < 30:
            raise self._error("quality", "minimum_labels", f"must be 30 at least, got {quality.minimum_labels}")

    def _check_choice(self, section: str, key: str, value: str, choices: typing.Iterable[str]) -> None:
        if value not in choices:
            raise self._error(section, key, f"must be one of {', '.join(choices)}, got {value!r}")

    def _error(self, section: str, key: str, problem: str) -> InvalidSettings:
        name = f"{section}.{key}" if section else key
        return InvalidSettings(f"{self._file}{self._line(section, key)}: {name}: {problem}")

    def _line(self, section: str, key: str) -> str:
        """Where a key stands, as ':12'; empty for a key that is not there."""
        current = ""
        for number, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[([^\]]+)\]", line):
                current = header[1].strip()
                if not section and current == key:
                    return f":{number}"
            elif current == section and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
                return f":{number}"
        return ""


_TOML_TYPES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
    bool: "a boolean",
}
