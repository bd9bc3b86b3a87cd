"""What model.toml may say: a dataclass a section. `python -m cli.reference` prints docs/model-toml.md from them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from evergreen.contract.cells import MISSING
from evergreen.errors import InvalidSettings
from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.names import FORMAT_CHAT, FORMAT_TEXT
from evergreen.portable.date_parts import PARTS

TASKS = (REGRESSION, CLASSIFICATION)
FORMATS = (FORMAT_TEXT, FORMAT_CHAT)
# Their scikit-learn classes are in training/estimators.py.
_ENSEMBLES = ("hist_gradient_boosting", "gradient_boosting", "random_forest", "extra_trees", "decision_tree")
ESTIMATORS = {
    REGRESSION: (*_ENSEMBLES, "linear", "ridge", "lasso", "elastic_net", "linear_svm"),
    CLASSIFICATION: (*_ENSEMBLES, "logistic", "ridge", "linear_svm"),
}
# These scikit-learn classifiers give no probabilities.
WITHOUT_PROBABILITIES = ("ridge", "linear_svm")

THOUSANDS = ("", ",", ".", "'", " ")
COLUMN_TYPES = ("number", "category", "date")

TIME, GROUP, ORDER, RANDOM = "time", "group", "order", "random"
SPLITS = (TIME, GROUP, ORDER, RANDOM)
# These have a column.
SPLITS_BY = (TIME, GROUP)

AUTO, NONE, TARGET = "auto", "none", "target"
BALANCED = "balanced"
IMPUTATIONS = (AUTO, "median", "mean", "most_frequent", NONE)
SCALINGS = (AUTO, "standard", "minmax", "robust", NONE)
ENCODINGS = (AUTO, "onehot", "ordinal", TARGET)

# Reasons of a drift alarm.
SHARE, IMPORTANCE, BROKEN, PREDICTION = "share", "importance", "broken", "prediction"
# Stands for whoever asked for a prediction, where callers are named.
SAME_CALLER = "same caller"
DRIFT_REASONS = (SHARE, IMPORTANCE, BROKEN, PREDICTION)

# What a threshold can be chosen for.
F1, BALANCED_ACCURACY = "f1", "balanced_accuracy"
AIMS = (F1, BALANCED_ACCURACY)
FALSE_POSITIVE, FALSE_NEGATIVE = "false_positive", "false_negative"

REFUSE, ALLOW = "refuse", "allow"
CONTRACT_CHANGES = (REFUSE, ALLOW)


def _says(sentence: str, choices: Sequence[str] = ()) -> dict[str, Any]:
    """Metadata of a field: its sentence on the reference page, and its allowed values, if they are limited."""
    return {"says": sentence, "choices": tuple(choices)}


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """The table: a file of CSV, JSON lines, Parquet or Excel, or a folder of them; gzip and zip are unpacked."""

    path: str = field(metadata=_says("The file or folder, from model.toml's own folder."))
    target: str = field(metadata=_says("The column to predict."))
    leave_out: list[str] = field(default_factory=list, metadata=_says("Columns that the model must not see."))
    group: str = field(
        default="",
        metadata=_says(
            "A column whose equal values belong together, such as a customer, a device or a place: rows of one group "
            "are not taken as independent. Without it, the column of a split by group."
        ),
    )
    weight: str = field(
        default="",
        metadata=_says(
            "A column of numbers, none below 0, by which rows weigh in the fit of the estimator. It is no feature. "
            "Preprocessing and metrics count each row once."
        ),
    )
    sheet: str = field(
        default="",
        metadata=_says("The sheet of an Excel workbook (.xlsx). Without it, the first one that is not hidden."),
    )
    delimiter: str = field(default=",", metadata=_says("What stands between two cells of a CSV file."))
    decimal: str = field(default=".", metadata=_says("The decimal sign of numbers in text.", (".", ",")))
    thousands: str = field(
        default="", metadata=_says("What stands between the thousands of numbers in text.", THOUSANDS)
    )
    date_formats: list[str] = field(
        default_factory=list,
        metadata=_says(
            "Formats of dates in the table that are not ISO 8601, as Python's strptime has them, such as `%d/%m/%Y`. "
            "Requests always have ISO 8601."
        ),
    )
    encoding: str = field(default="utf-8", metadata=_says("That of a CSV file, by Python's name, such as `cp1252`."))
    missing: list[str] = field(
        default_factory=lambda: list(MISSING),
        metadata=_says("Texts that mean a missing value, in the table, in files of rows and in requests."),
    )
    longest_text: int = field(
        default=1000,
        metadata=_says(
            "Characters of a text in a request; more only where training knew a longer text. Part of the contract."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """Which rows are kept for judging, and never fitted to."""

    type: str = field(
        default=TIME,
        metadata=_says(
            "`time`: the last rows by the column `by`. `group`: whole groups of equal `by`. `order`: the last rows as "
            "they stand, for a table whose rows are in the order of time, the newest last, and no column says so; the "
            "files of a folder come in the order of their names, where 10 stands before 2. `random`: rows by a hash of "
            "their content, so that a row's side never changes.",
            SPLITS,
        ),
    )
    by: str = field(default="", metadata=_says("The column of `time` or `group`."))
    holdout: float = field(default=0.2, metadata=_says("Share of the rows that is kept for judging."))


@dataclass(frozen=True, kw_only=True)
class PreprocessingSettings:
    """What happens to the features before the estimator. `auto` is what the estimator needs."""

    impute: str = field(default=AUTO, metadata=_says("What stands in for a missing number.", IMPUTATIONS))
    missing_indicator: bool = field(
        default=True, metadata=_says("Whether an imputed number gets a column that says so.")
    )
    scale: str = field(default=AUTO, metadata=_says("How numbers are brought to one scale.", SCALINGS))
    log: list[str] = field(
        default_factory=list, metadata=_says("Numbers, none below 0, whose logarithm is taken: log(1 + x).")
    )
    date_parts: list[str] = field(
        default_factory=list,
        metadata=_says(
            f"What the model sees of a date: {', '.join(f'`{part}`' for part in PARTS)}. If empty: `year`, `month`, "
            "`weekday` (0 is Monday), `days` (since the first training row), `season` (sine and cosine of the day of "
            "the year), and `hour` if the dates have times."
        ),
    )
    encode: str = field(
        default=AUTO,
        metadata=_says(
            "How categories become numbers. `target`: each by the mean of its target, or by its share of each class. "
            "So is a category of more than 255 texts, whatever this says.",
            ENCODINGS,
        ),
    )
    min_frequency: int = field(
        default=1,
        metadata=_says(
            "Categories of fewer rows are taken together; 1 keeps all. Not of those that are encoded by the target, "
            "which draws rare ones towards the mean of all rows."
        ),
    )
    log_target: bool = field(
        default=False, metadata=_says("Whether the estimator is fitted to log(1 + target); regression only.")
    )


@dataclass(frozen=True, kw_only=True)
class EstimatorSettings:
    """What is fitted."""

    type: str = field(default="hist_gradient_boosting", metadata=_says("Its name."))
    parameters: dict[str, Any] = field(
        default_factory=dict, metadata=_says("Parameters of the scikit-learn estimator, by their own names.")
    )
    class_weight: str | dict[str, float] = field(
        default="",
        metadata=_says(
            "What the rows of a class weigh in the fit, times `[data] weight`: `balanced`, so that all classes weigh "
            "the same, or a table of label and weight; a class that it does not name weighs 1. The probabilities are "
            "then no longer the shares of the classes. Metrics count each row once."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class DecisionSettings:
    """Which of two classes is predicted at which probability; without it, the likelier one.

    The prediction is the decision: `accuracy` and `f1_macro`, in Judge's gates and in live quality, measure the
    decisions, and `log_loss` the probabilities, which no threshold moves. Where one mistake costs more than the other,
    the cheapest decisions often have a low accuracy, so judge by `log_loss`.
    """

    threshold: float | str | dict[str, float] = field(
        default="",
        metadata=_says(
            "From this probability on, the positive class is predicted. A number; or `f1` or `balanced_accuracy`: the "
            "threshold at which that is highest; or what mistakes cost, such as `{ false_positive = 1, "
            "false_negative = 20 }`: the one at which a decision costs least on average. A threshold is chosen on "
            "training rows that five fits, each to four fifths of them, have not seen (whole groups of `[data] group`, "
            "blocks in the order of time), so that fitting takes about five times as long."
        ),
    )

    @property
    def costs(self) -> dict[str, float] | None:
        """Of a false positive and of a false negative, if these are given."""
        return self.threshold if isinstance(self.threshold, dict) else None


@dataclass(frozen=True, kw_only=True)
class PromotionSettings:
    """When a candidate takes the champion's place."""

    confidence: float = field(
        default=0.975,
        metadata=_says(
            "How sure it must be that the candidate is better: the paired bootstrap's lower bound of the gain lies "
            "above 0 at this confidence."
        ),
    )
    slices: list[str] = field(
        default_factory=list,
        metadata=_says("Features; no value of theirs with 30 holdout rows may get much worse."),
    )
    slice_tolerance: float = field(
        default=0.2, metadata=_says("Much worse: the metric worse by more than this share of it.")
    )
    contract_changes: str = field(
        default=REFUSE,
        metadata=_says(
            "What callers send may not change unless this says `allow`: no feature more, less, of another type, or "
            "required that was not.",
            CONTRACT_CHANGES,
        ),
    )
    max_model_mb: float = field(
        default=50.0, metadata=_says("Largest model, in megabytes: each function instance loads it.")
    )
    max_latency_ms: float = field(
        default=50.0, metadata=_says("Longest median time to score one row, in milliseconds.")
    )


@dataclass(frozen=True, kw_only=True)
class CardSettings:
    """What only a person can say of the model; the model card names what is missing."""

    owner: str = field(default="", metadata=_says("Who is responsible for the model."))
    contact: str = field(default="", metadata=_says("Where questions go."))
    license: str = field(default="", metadata=_says("Under which terms it may be used."))
    intended_use: str = field(default="", metadata=_says("What it is for, and for whom."))
    out_of_scope: str = field(default="", metadata=_says("What it must not be used for."))
    ethics: str = field(default="", metadata=_says("Risks and harms that were considered."))
    caveats: str = field(default="", metadata=_says("What else to know before relying on it."))


@dataclass(frozen=True, kw_only=True)
class SheetSettings:
    """What only a person can say of the data; the data sheet names what is missing."""

    motivation: str = field(default="", metadata=_says("Why the data was collected, by whom, paid by whom."))
    collection: str = field(default="", metadata=_says("How, when and from where it was collected."))
    cleaning: str = field(default="", metadata=_says("Cleaning before the data reached this project."))
    sensitive: str = field(default="", metadata=_says("Whether it is about people, and what about them is sensitive."))
    distribution: str = field(default="", metadata=_says("Who may use or receive the data, under which licence."))
    maintenance: str = field(default="", metadata=_says("Who keeps it up to date, and how often."))


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """Thresholds of the endpoint's alarms; a change needs `cdk deploy`."""

    rejected_share: float = field(
        default=0.1, metadata=_says("Share of the requests of five minutes that break the contract.")
    )
    latency_p99_ms: float = field(default=500.0, metadata=_says("Of one request in a hundred, in milliseconds."))
    minimum_requests: int = field(
        default=20,
        metadata=_says(
            "With fewer requests in five minutes, neither alarm fires: of a few, one wrong or slow request is a large "
            "share."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """The record of predictions; a change needs `cdk deploy`."""

    sample: float = field(default=1.0, metadata=_says("Share of the requests that is recorded."))
    leave_out: list[str] = field(default_factory=list, metadata=_says("Features that are never recorded."))
    caller: bool = field(
        default=True, metadata=_says("Whether it names who called: the IAM role or user, or the token's subject.")
    )


@dataclass(frozen=True, kw_only=True)
class NotificationSettings:
    """What SNS sends; a change needs `cdk deploy`."""

    format: str = field(
        default=FORMAT_TEXT, metadata=_says("`text` for people, `chat` for JSON that chat tools show.", FORMATS)
    )


@dataclass(frozen=True, kw_only=True)
class DriftSettings:
    """When a window of predictions is said to have drifted from the holdout. It travels in the bundle."""

    false_alarms_per_year: float = field(
        default=1.0, metadata=_says("How many alarms a year of checks may raise when nothing has moved.")
    )
    alarm_on: list[str] = field(
        default_factory=lambda: list(DRIFT_REASONS),
        metadata=_says(
            "What a check alarms on: `share`, `importance`, `broken`, as below; `prediction`: the predictions "
            "themselves have moved."
        ),
    )
    share: float = field(default=0.3, metadata=_says("Of the features that have drifted; more than this is a reason."))
    importance: float = field(
        default=0.25,
        metadata=_says("Share of the permutation importance that drifted features must carry: more than this."),
    )
    broken: float = field(
        default=0.9,
        metadata=_says(
            "Share of the rows from which a feature is broken: missing, never seen in training, outside the training "
            "range, or one value."
        ),
    )
    smallest_shift: float = field(
        default=0.05, metadata=_says("Share of the rows that must have moved before a difference counts.")
    )
    minimum_rows: int = field(
        default=200,
        metadata=_says('With fewer rows, in the window or in the reference, the status is "insufficient data".'),
    )
    leave_out: list[str] = field(
        default_factory=list, metadata=_says("Features that are not compared, such as time itself.")
    )
    season: str = field(
        default="",
        metadata=_says("A feature; the window is compared with the reference rows that have the same values of it."),
    )
    every_hours: int = field(default=24, metadata=_says("Hours between two checks; a change needs `cdk deploy`."))
    window_hours: int = field(default=24, metadata=_says("How far back a check looks; a change needs `cdk deploy`."))

    @property
    def most_false_alarms(self) -> float:
        """One check in five: beyond it, an alarm says nothing."""
        return self.checks_per_year / 5

    @property
    def checks_per_year(self) -> float:
        """How many scheduled checks a year has."""
        return 365.25 * 24 / self.every_hours


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """The live metric on predictions whose truth has come in."""

    days: int = field(default=30, metadata=_says("How far back truths are taken into account; at most 30."))
    minimum_labels: int = field(default=100, metadata=_says("With fewer, quality is not known."))
    slices: list[str] = field(
        default_factory=list, metadata=_says("Categorical features; the metric is also given for each of their values.")
    )
    labels_from: list[str] = field(
        default_factory=list,
        metadata=_says(
            "Whose truths count: ARNs of IAM roles (without a path) and users, subjects of tokens, or `same caller`: "
            "who asked for the prediction. If empty, everybody's."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What the model is called, what it predicts, and how it is judged."""

    name: str = field(metadata=_says("Lower-case words joined by hyphens."))
    data: DataSettings
    split: SplitSettings
    columns: dict[str, str] = field(
        default_factory=dict,
        metadata=_says(
            "What a column is taken for, where the guess is wrong: `number`, `category` or `date`, by its name."
        ),
    )
    description: str = field(default="", metadata=_says("What is predicted, in which unit."))
    task: str = field(default=REGRESSION, metadata=_says("What kind of target it is.", TASKS))
    metric: str = field(
        default="mape", metadata=_says("Decides which model is better; whether higher or lower is, is known by name.")
    )
    positive: str = field(
        default="",
        metadata=_says(
            "The class of two that `average_precision` and `recall_at_precision` look for. Without it, the second of "
            "the sorted classes, as in scikit-learn."
        ),
    )
    seed: int = field(default=0, metadata=_says("Of everything random in training."))
    preprocessing: PreprocessingSettings = field(default_factory=PreprocessingSettings)
    estimator: EstimatorSettings = field(default_factory=EstimatorSettings)
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    promotion: PromotionSettings = field(default_factory=PromotionSettings)
    card: CardSettings = field(default_factory=CardSettings)
    sheet: SheetSettings = field(default_factory=SheetSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    log: LogSettings = field(default_factory=LogSettings)
    drift: DriftSettings = field(default_factory=DriftSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)

    @property
    def group(self) -> str:
        """The column whose equal values belong together; empty if there is none."""
        return self.data.group or (self.split.by if self.split.type == GROUP else "")

    @property
    def no_features(self) -> set[str]:
        """The columns that the model does not see."""
        return {self.data.target, self.data.weight, *self.data.leave_out}

    def named_columns(self) -> list[str]:
        """The columns that the table must have, whatever its features are."""
        named = [name for name in (self.split.by, self.data.group, self.data.weight) if name]
        return [self.data.target, *named, *self.data.leave_out, *self.columns]

    def require_name(self, deployed: str) -> None:
        """Hold the model's name against that of the stack that would train it.

        Raises:
            InvalidSettings: the stack is another model's.
        """
        if self.name != deployed:
            raise InvalidSettings(
                f"model.toml is of the model {self.name!r}, and the stack is of {deployed!r}, whose endpoint would "
                "answer with another model. For a stack of its own, add an environment to infra/environments.py and "
                "run: cdk deploy evergreen-<its name> (on a laptop: make up). To replace the model, set "
                f"name = {deployed!r}"
            )

    def check_features(self, features: Sequence[str], *, dates: Collection[str] = (), file: str) -> None:
        """Hold what is said about features against those that the table has.

        Args:
            dates: those that are dates.

        Raises:
            InvalidSettings: one is named that there is not, or a date where values must come again.
        """
        named = {
            "[preprocessing] log": self.preprocessing.log,
            "[promotion] slices": self.promotion.slices,
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
                if name in dates and setting in ("[promotion] slices", "[quality] slices", "[drift] season"):
                    raise InvalidSettings(
                        f"model.toml: {setting} names {name!r}, a date: its values do not come again. Name a number or "
                        "a category, such as a column of the month"
                    )
