"""[preprocessing], [estimator] and [decision]: what is fitted, and how it decides."""

from dataclasses import dataclass, field
from typing import Any

from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.portable.date_parts import PARTS
from evergreen.settings.sections.field import says

# Their scikit-learn classes are in training/fitting/estimators.py.
_ENSEMBLES = ("hist_gradient_boosting", "gradient_boosting", "random_forest", "extra_trees", "decision_tree")
ESTIMATORS = {
    REGRESSION: (*_ENSEMBLES, "linear", "ridge", "lasso", "elastic_net", "linear_svm"),
    CLASSIFICATION: (*_ENSEMBLES, "logistic", "ridge", "linear_svm"),
}
# These scikit-learn classifiers give no probabilities.
WITHOUT_PROBABILITIES = ("ridge", "linear_svm")

AUTO, NONE, TARGET = "auto", "none", "target"
BALANCED = "balanced"
IMPUTATIONS = (AUTO, "median", "mean", "most_frequent", NONE)
SCALINGS = (AUTO, "standard", "minmax", "robust", NONE)
ENCODINGS = (AUTO, "onehot", "ordinal", TARGET)

# What a threshold can be chosen for.
F1, BALANCED_ACCURACY = "f1", "balanced_accuracy"
AIMS = (F1, BALANCED_ACCURACY)
FALSE_POSITIVE, FALSE_NEGATIVE = "false_positive", "false_negative"


@dataclass(frozen=True, kw_only=True)
class PreprocessingSettings:
    """What happens to the features before the estimator. `auto` is what the estimator needs."""

    impute: str = field(default=AUTO, metadata=says("What stands in for a missing number.", IMPUTATIONS))
    missing_indicator: bool = field(
        default=True, metadata=says("Whether an imputed number gets a column that says so.")
    )
    scale: str = field(default=AUTO, metadata=says("How numbers are brought to one scale.", SCALINGS))
    log: list[str] = field(
        default_factory=list, metadata=says("Numbers, none below 0, whose logarithm is taken: log(1 + x).")
    )
    date_parts: list[str] = field(
        default_factory=list,
        metadata=says(
            f"What the model sees of a date: {', '.join(f'`{part}`' for part in PARTS)}. If empty: `year`, `month`, "
            "`weekday` (0 is Monday), `days` (since the first training row), `season` (sine and cosine of the day of "
            "the year), and `hour` if the dates have times."
        ),
    )
    encode: str = field(
        default=AUTO,
        metadata=says(
            "How categories become numbers. `target`: each by the mean of its target, or by its share of each class. "
            "So is a category of more than 255 texts, whatever this says.",
            ENCODINGS,
        ),
    )
    min_frequency: int = field(
        default=1,
        metadata=says(
            "Categories of fewer rows are taken together; 1 keeps all. Not of those that are encoded by the target, "
            "which draws rare ones towards the mean of all rows."
        ),
    )
    log_target: bool = field(
        default=False, metadata=says("Whether the estimator is fitted to log(1 + target); regression only.")
    )


@dataclass(frozen=True, kw_only=True)
class EstimatorSettings:
    """What is fitted."""

    type: str = field(default="hist_gradient_boosting", metadata=says("Its name."))
    parameters: dict[str, Any] = field(
        default_factory=dict, metadata=says("Parameters of the scikit-learn estimator, by their own names.")
    )
    class_weight: str | dict[str, float] = field(
        default="",
        metadata=says(
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
        metadata=says(
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
