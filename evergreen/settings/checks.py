"""Checks the values of model.toml."""

import codecs
import math
import re
import typing
from datetime import datetime

from evergreen.metrics import CLASSIFICATION, REGRESSION, metric_of
from evergreen.number_text import counted, number
from evergreen.portable.date_parts import PARTS
from evergreen.renewal.rule import WINDOWS
from evergreen.settings.reader import Reader
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
    TrackingSettings,
)

_THRESHOLDS = (
    f"must be a number between 0 and 1, {', '.join(AIMS)}, or what mistakes cost: "
    f"{{ {FALSE_POSITIVE} = 1, {FALSE_NEGATIVE} = 20 }}, both above 0"
)
_MOST_DAYS = 366
# Of Weights & Biases, and of Secrets Manager.
_WANDB = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_SECRET = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Checks:
    """What goes together in model.toml, and what values may be."""

    def __init__(self, reader: Reader) -> None:
        self._error = reader.error
        self._check_choice = reader.check_choice

    def check(self, settings: ModelSettings) -> None:
        """
        Raises:
            InvalidSettings: names the line of a wrong value, and the valid ones.
        """
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
        self._check_renewal(settings)
        self._check_features(settings)
        self._check_tracking(settings.tracking)

    def _check_tracking(self, tracking: TrackingSettings) -> None:
        if tracking.wandb and not _WANDB.fullmatch(tracking.wandb):
            raise self._error("tracking", "wandb", f"must be entity/project, got {tracking.wandb!r}")
        if not _SECRET.fullmatch(tracking.wandb_secret):
            raise self._error(
                "tracking", "wandb_secret", f"must be the name of a secret (not its ARN), got {tracking.wandb_secret!r}"
            )
        if tracking.wandb_url and not tracking.wandb_url.startswith(("https://", "http://127.0.0.1:")):
            raise self._error("tracking", "wandb_url", f"must be an https:// URL, got {tracking.wandb_url!r}")

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

    def _check_renewal(self, settings: ModelSettings) -> None:
        renewal = settings.renewal
        for window in renewal.windows:
            self._check_choice("renewal", "windows", window, WINDOWS)
        if not renewal.windows:
            raise self._error("renewal", "windows", f"must name one at least: {', '.join(WINDOWS)}")
        if renewal.labels < settings.quality.minimum_labels:
            least = settings.quality.minimum_labels
            raise self._error(
                "renewal", "labels", f"must be [quality] minimum_labels, {least}, at least, got {renewal.labels}"
            )
        for key in ("every_days", "cool_down_hours", "hands_off_days"):
            if not 0 <= getattr(renewal, key) <= _MOST_DAYS * (24 if key.endswith("hours") else 1):
                raise self._error("renewal", key, f"must be 0 to a year, got {getattr(renewal, key):g}")
        for key in ("runs_per_day", "runs_per_month"):
            if getattr(renewal, key) < 1:
                raise self._error("renewal", key, f"must be 1 at least, got {getattr(renewal, key)}")
        if not 0 < renewal.dollars_per_month < math.inf:
            raise self._error("renewal", "dollars_per_month", f"must be above 0, got {renewal.dollars_per_month:g}")
        if not 0.5 <= renewal.most_from_one <= 1:
            raise self._error("renewal", "most_from_one", f"must be 0.5 to 1, got {renewal.most_from_one:g}")
        if renewal.enabled and (settings.log.leave_out or settings.log.sample == 0):
            raise self._error(
                "renewal",
                "enabled",
                "needs whole rows in the log, and [log] keeps "
                f"{', '.join(settings.log.leave_out) or 'all of them'} out of it",
            )

    def _check_features(self, settings: ModelSettings) -> None:
        features = settings.features
        if not 1 <= features.every_hours <= 24 * 30:
            raise self._error("features", "every_hours", f"must be 1 to 720, got {features.every_hours}")
        if not features.service:
            return
        if not settings.row_time:
            raise self._error(
                "features",
                "time",
                "is missing: a row gets the features as they were known at its moment, and [split] orders by no column",
            )
        if settings.row_time == settings.data.target:
            raise self._error("features", "time", "must be another column than the target")

    def _check_false_alarms(self, drift: DriftSettings) -> None:
        if not 0 < drift.false_alarms_per_year <= drift.most_false_alarms:
            raise self._error(
                "drift",
                "false_alarms_per_year",
                f"must be above 0, and {number(drift.most_false_alarms)} at most with a check every "
                f"{counted(drift.every_hours, 'hour')}, got "
                f"{drift.false_alarms_per_year:g}",
            )


def _reads_itself(form: str) -> bool:
    """Whether a format of strptime reads back the day that it writes."""
    day = datetime(2024, 12, 31)
    try:
        return datetime.strptime(day.strftime(form), form).date() in (day.date(), day.date().replace(day=1))
    except ValueError:
        return False
