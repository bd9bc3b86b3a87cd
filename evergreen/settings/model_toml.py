"""Reads and checks model.toml. Every message names the line and the valid values."""

import codecs
import dataclasses
import difflib
import math
import re
import tomllib
import types
import typing
from datetime import datetime
from pathlib import Path
from typing import Any

from evergreen.errors import InvalidSettings
from evergreen.metrics import CLASSIFICATION, REGRESSION, metric_of
from evergreen.number_text import counted, number
from evergreen.portable.date_parts import PARTS
from evergreen.settings.sections import (
    AIMS,
    BALANCED,
    COLUMN_TYPES,
    DRIFT_REASONS,
    ESTIMATORS,
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    GROUP,
    SPLITS_BY,
    WITHOUT_PROBABILITIES,
    DriftSettings,
    ModelSettings,
    PreprocessingSettings,
    PromotionSettings,
    QualitySettings,
    SplitSettings,
)

_THRESHOLDS = (
    f"must be a number between 0 and 1, {', '.join(AIMS)}, or what mistakes cost: "
    f"{{ {FALSE_POSITIVE} = 1, {FALSE_NEGATIVE} = 20 }}, both above 0"
)
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


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
    """Fills the dataclasses from a TOML table. Every message names the file, the line and the valid values."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()

    def read(self, cls: type, table: dict[str, Any], *, section: str) -> Any:
        kinds = typing.get_type_hints(cls)
        for key in table:
            if key not in kinds:
                nearest = difflib.get_close_matches(key, kinds, n=1) or [", ".join(kinds)]
                raise self._error(section, key, f"unknown key; did you mean {nearest[0]}?")
        for item in dataclasses.fields(cls):
            required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
            if required and item.name not in table:
                raise self._error(section, item.name, "is missing")
        values = {key: self._value(kinds[key], value, section, key) for key, value in table.items()}
        for item in dataclasses.fields(cls):
            if item.name in values and (choices := item.metadata.get("choices")):
                self._check_choice(section, item.name, values[item.name], choices)
        return cls(**values)

    def _value(self, kind: Any, value: Any, section: str, key: str) -> Any:
        if dataclasses.is_dataclass(kind):
            if not isinstance(value, dict):
                raise self._error(section, key, f"must be a section, written [{key}]")
            return self.read(typing.cast(type, kind), value, section=key)
        if isinstance(kind, types.UnionType):
            kinds = typing.get_args(kind)
            fitting = [each for each in kinds if _is_of(value, typing.get_origin(each) or each)]
            if not fitting:
                either = " or ".join(_TOML_TYPES[typing.get_origin(each) or each] for each in kinds)
                raise self._error(section, key, f"must be {either}, got {value!r}")
            kind = fitting[0]
        origin = typing.get_origin(kind) or kind
        if origin is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not _is_of(value, origin):
            raise self._error(section, key, f"must be {_TOML_TYPES[origin]}, got {value!r}")
        if kind == list[str] and not all(isinstance(entry, str) for entry in value):
            raise self._error(section, key, f"must be a list of text, got {value!r}")
        return value

    def check_values(self, settings: ModelSettings) -> None:
        if not _NAME.fullmatch(settings.name) or len(settings.name) > 40:
            raise self._error(
                "", "name", "must be lower-case words joined by hyphens, of 40 characters at most, like house-prices"
            )
        self._check_metric(settings)
        self._check_data(settings)
        self._check_split(settings.split)
        self._check_preprocessing(settings.preprocessing, settings.task)
        self._check_decision(settings)
        self._check_promotion(settings.promotion)
        if settings.data.group and settings.data.group in (settings.data.target, settings.split.by):
            raise self._error(
                "data", "group", f"must be another column than the target and [split] by, got {settings.data.group!r}"
            )
        if settings.data.weight and settings.data.weight in (settings.data.target, settings.group, settings.split.by):
            raise self._error(
                "data",
                "weight",
                f"must be another column than the target, [data] group and [split] by, got {settings.data.weight!r}",
            )
        self._check_class_weight(settings)
        if settings.data.target in settings.data.leave_out:
            raise self._error("data", "leave_out", f"must not name the target {settings.data.target!r}")
        # A row is recorded in one line of the log, which has a limit of its own.
        if not 1 <= settings.data.longest_text <= 10_000:
            raise self._error("data", "longest_text", f"must lie between 1 and 10000, got {settings.data.longest_text}")
        if not 0 < settings.alarms.rejected_share < 1:
            raise self._error("alarms", "rejected_share", "must lie between 0 and 1")
        if settings.alarms.latency_p99_ms <= 0:
            raise self._error("alarms", "latency_p99_ms", "must be above 0")
        if settings.alarms.minimum_requests < 1:
            raise self._error("alarms", "minimum_requests", "must be 1 at least")
        if not 0 <= settings.log.sample <= 1:
            raise self._error("log", "sample", f"must lie between 0 and 1, got {settings.log.sample}")
        if settings.quality.labels_from and not settings.log.caller:
            raise self._error("quality", "labels_from", "needs [log] caller = true: it is about who called")
        self._check_monitoring(settings.drift, settings.quality)

    def _check_metric(self, settings: ModelSettings) -> None:
        try:
            metric = metric_of(settings.metric, task=settings.task)
        except ValueError as error:
            raise self._error("", "metric", str(error)) from None
        self._check_choice("estimator", "type", settings.estimator.type, ESTIMATORS[settings.task])
        if metric.of_probabilities and settings.estimator.type in WITHOUT_PROBABILITIES:
            raise self._error(
                "",
                "metric",
                f"{settings.metric} needs probabilities, and {settings.estimator.type} knows none; use accuracy, "
                "balanced_accuracy or f1_macro",
            )
        if settings.positive and settings.task == REGRESSION:
            raise self._error("", "positive", "goes with classification only")

    def _check_class_weight(self, settings: ModelSettings) -> None:
        given = settings.estimator.class_weight
        if not given:
            return
        if settings.task != CLASSIFICATION:
            raise self._error("estimator", "class_weight", "goes with classification only")
        if "class_weight" in settings.estimator.parameters:
            raise self._error("estimator", "class_weight", "is also in parameters; keep this one")
        if isinstance(given, str):
            if given != BALANCED:
                raise self._error("estimator", "class_weight", f"must be {BALANCED} or a table, got {given!r}")
            return
        for label, weight in given.items():
            is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
            if not is_number or not 0 <= weight < math.inf:
                raise self._error(
                    "estimator",
                    "class_weight",
                    f"the weight of {label!r} must be a number of 0 or more, got {weight!r}",
                )

    def _check_data(self, settings: ModelSettings) -> None:
        data = settings.data
        if len(data.delimiter) != 1 or data.delimiter in '"\r\n':
            raise self._error(
                "data", "delimiter", f"must be one character, such as , or ; or \\t, got {data.delimiter!r}"
            )
        if data.thousands and data.thousands == data.decimal:
            raise self._error("data", "thousands", f"must be another sign than decimal, got {data.thousands!r}")
        try:
            codecs.lookup(data.encoding)
        except LookupError:
            raise self._error(
                "data",
                "encoding",
                f"must be an encoding that Python knows, such as utf-8 or cp1252, got {data.encoding!r}",
            ) from None
        for form in data.date_formats:
            if "%" not in form or not _reads_itself(form):
                raise self._error(
                    "data", "date_formats", f"must be formats of strptime with a year, such as %d/%m/%Y, got {form!r}"
                )
        for name, kind in settings.columns.items():
            if kind not in COLUMN_TYPES:
                raise self._error("columns", name, f"must be one of {', '.join(COLUMN_TYPES)}, got {kind!r}")

    def _check_split(self, split: SplitSettings) -> None:
        if split.by and split.type not in SPLITS_BY:
            raise self._error(
                "split", "by", f"goes with the types {' and '.join(SPLITS_BY)}; the type {split.type} has no column"
            )
        if split.type in SPLITS_BY and not split.by:
            does = "groups the rows" if split.type == GROUP else "orders the rows in time"
            raise self._error("split", "by", f"is missing: name the column that {does}")
        if not 0 < split.holdout < 1:
            raise self._error("split", "holdout", f"must lie between 0 and 1, got {split.holdout:g}")

    def _check_preprocessing(self, preprocessing: PreprocessingSettings, task: str) -> None:
        if preprocessing.min_frequency < 1:
            raise self._error("preprocessing", "min_frequency", "must be 1 at least")
        for part in preprocessing.date_parts:
            self._check_choice("preprocessing", "date_parts", part, PARTS)
        if preprocessing.log_target and task != REGRESSION:
            raise self._error("preprocessing", "log_target", "goes with regression only")

    def _check_decision(self, settings: ModelSettings) -> None:
        threshold = settings.decision.threshold
        if threshold == "":
            return
        if settings.task == REGRESSION:
            raise self._error("decision", "threshold", "goes with classification only")
        if settings.estimator.type in WITHOUT_PROBABILITIES:
            raise self._error(
                "decision", "threshold", f"{settings.estimator.type} knows no probabilities; use another estimator"
            )
        if isinstance(threshold, float) and 0 < threshold < 1:
            return
        if isinstance(threshold, str) and threshold in AIMS:
            return
        if isinstance(threshold, dict) and self._are_costs(threshold):
            return
        raise self._error("decision", "threshold", f"{_THRESHOLDS}, got {threshold!r}")

    def _are_costs(self, costs: dict[str, typing.Any]) -> bool:
        numbers = [cost for cost in costs.values() if isinstance(cost, int | float) and not isinstance(cost, bool)]
        known = set(costs) == {FALSE_POSITIVE, FALSE_NEGATIVE}
        return known and len(numbers) == len(costs) and all(0 < cost < math.inf for cost in numbers)

    def _check_promotion(self, promotion: PromotionSettings) -> None:
        if not 0.5 < promotion.confidence < 1:
            raise self._error("promotion", "confidence", f"must lie between 0.5 and 1, got {promotion.confidence:g}")
        above_0 = {
            "slice_tolerance": promotion.slice_tolerance,
            "max_model_mb": promotion.max_model_mb,
            "max_latency_ms": promotion.max_latency_ms,
        }
        for key, value in above_0.items():
            if value <= 0:
                raise self._error("promotion", key, f"must be above 0, got {value:g}")

    def _check_monitoring(self, drift: DriftSettings, quality: QualitySettings) -> None:
        shares = {
            "share": drift.share,
            "importance": drift.importance,
            "smallest_shift": drift.smallest_shift,
        }
        for key, value in shares.items():
            if not 0 < value < 1:
                raise self._error("drift", key, f"must lie between 0 and 1, got {value:g}")
        if not 0.5 <= drift.broken <= 1:
            raise self._error("drift", "broken", f"must be 0.5 to 1, got {drift.broken:g}")
        for reason in drift.alarm_on:
            self._check_choice("drift", "alarm_on", reason, DRIFT_REASONS)
        self._check_false_alarms(drift)
        if drift.minimum_rows < 50:
            raise self._error("drift", "minimum_rows", f"must be 50 at least, got {drift.minimum_rows}")
        for key, hours in {"every_hours": drift.every_hours, "window_hours": drift.window_hours}.items():
            if not 1 <= hours <= 24 * 30:
                raise self._error("drift", key, f"must be 1 to 720, got {hours}")
        if not 1 <= quality.days <= 30:
            raise self._error("quality", "days", f"must be 1 to 30, got {quality.days}")
        if quality.minimum_labels < 30:
            raise self._error("quality", "minimum_labels", f"must be 30 at least, got {quality.minimum_labels}")

    def _check_false_alarms(self, drift: DriftSettings) -> None:
        if not 0 < drift.false_alarms_per_year <= drift.most_false_alarms:
            raise self._error(
                "drift",
                "false_alarms_per_year",
                f"must be above 0, and {number(drift.most_false_alarms)} at most with a check every "
                f"{counted(drift.every_hours, 'hour')}, got "
                f"{drift.false_alarms_per_year:g}",
            )

    def _check_choice(self, section: str, key: str, value: str, choices: typing.Iterable[str]) -> None:
        if value not in choices:
            raise self._error(section, key, f"must be one of {', '.join(choices)}, got {value!r}")

    def _error(self, section: str, key: str, problem: str) -> InvalidSettings:
        name = f"{section}.{key}" if section else key
        return InvalidSettings(f"{self._file}{self._line(section, key)}: {name}: {problem}")

    def _line(self, section: str, key: str) -> str:
        """The line of a key, as ':12'; empty if the key is not there."""
        current = ""
        for place, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[([^\]]+)\]", line):
                current = header[1].strip()
                if not section and current == key:
                    return f":{place}"
            elif current == section and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
                return f":{place}"
        return ""


def _is_of(value: Any, kind: type) -> bool:
    """Whether a value of TOML is of a kind; a whole number is a number too."""
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)


def _reads_itself(form: str) -> bool:
    """Whether a format of strptime reads back the day that it writes."""
    day = datetime(2024, 12, 31)
    try:
        return datetime.strptime(day.strftime(form), form).date() in (day.date(), day.date().replace(day=1))
    except ValueError:
        return False


_TOML_TYPES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
    bool: "a boolean",
}
