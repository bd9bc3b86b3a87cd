"""The metrics by name. One that takes a number has it in its name: pinball_0.9, recall_at_precision_0.8."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from evergreen.metrics import classification, ranking, regression
from evergreen.metrics.outcomes import Outcomes, mean, pairs
from evergreen.number_text import number, percent, points
from evergreen.quoting import line

REGRESSION = "regression"
CLASSIFICATION = "classification"


@dataclass(frozen=True, kw_only=True)
class Constant:
    """The one number that is best to predict of every row: the baseline of a regression.

    Attributes:
        name: as in: always predicting the mean.
        of: the number, from the targets of the training rows.
    """

    name: str
    of: Callable[[Sequence[float]], float]


_MEAN = Constant(name="the mean", of=mean)
_MEDIAN = Constant(name="the median", of=partial(regression.quantile, level=0.5))


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measure of outcomes.

    Attributes:
        measure: its value for a model's outcomes; not a number where it is not known.
        family: its name without the number in it.
        level: the number in its name.
        of_probabilities: whether it needs the probabilities of the classes.
        is_share: whether people read it in percent.
        constant: the baseline of a regression.
        usual: whether every model of the task is measured by it, whatever its own metric is.
    """

    task: str
    higher_is_better: bool
    measure: Callable[..., float]
    family: str = ""
    level: float = math.nan
    of_probabilities: bool = False
    is_share: bool = False
    constant: Constant = _MEAN
    usual: bool = False

    @property
    def meaning(self) -> str:
        """What it is, in a sentence."""
        return getattr(self.measure, "func", self.measure).__doc__ or ""

    def better(self, one: float, other: float) -> bool:
        """Whether one value is truly better than another; a value that is not a number never is."""
        return one > other if self.higher_is_better else one < other

    def text(self, value: float) -> str:
        """A value of it as a message writes it: 7.52% or 32,370."""
        return percent(value) if self.is_share else number(value)

    def difference_text(self, difference: float) -> str:
        """A difference of two values of it: 4.68 points or 1,204."""
        return points(difference) if self.is_share else number(difference)


_error = partial(Metric, task=REGRESSION, higher_is_better=False)
_hits = partial(Metric, task=CLASSIFICATION, higher_is_better=True)
_loss = partial(Metric, task=CLASSIFICATION, higher_is_better=False, of_probabilities=True)
_rank = partial(Metric, task=CLASSIFICATION, higher_is_better=True, of_probabilities=True)
_RELATIVE = Constant(name="the median weighed by 1 / target", of=regression.relative_median)
_LOGARITHMIC = Constant(name="the mean of the logarithms", of=regression.logarithmic_mean)


def _named(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    return {name: replace(metric, family=name) for name, metric in metrics.items()}


METRICS: Mapping[str, Metric] = _named(
    {
        "mape": _error(measure=regression.mape, is_share=True, constant=_RELATIVE, usual=True),
        "mae": _error(measure=regression.mae, constant=_MEDIAN, usual=True),
        "rmse": _error(measure=regression.rmse, usual=True),
        "r2": Metric(task=REGRESSION, higher_is_better=True, measure=regression.r2, usual=True),
        "median_absolute_error": _error(measure=regression.median_absolute_error, constant=_MEDIAN),
        "rmsle": _error(measure=regression.rmsle, constant=_LOGARITHMIC),
        "log_loss": _loss(measure=classification.log_loss, usual=True),
        "brier": _loss(measure=classification.brier),
        "accuracy": _hits(measure=classification.accuracy, is_share=True, usual=True),
        "balanced_accuracy": _hits(measure=classification.balanced_accuracy, is_share=True),
        "f1_macro": _hits(measure=classification.f1_macro, usual=True),
        "roc_auc": _rank(measure=ranking.roc_auc, usual=True),
        "average_precision": _rank(measure=ranking.average_precision),
    }
)
# Those that take a number between 0 and 1.
_OF_A_LEVEL: Mapping[str, Metric] = _named(
    {
        "pinball": _error(measure=regression.pinball),
        "recall_at_precision": _rank(measure=ranking.recall_at_precision, is_share=True),
    }
)
# Of two classes they look for one.
RANKING = ("roc_auc", "average_precision", "recall_at_precision")
_EXAMPLES = {"pinball": "pinball_0.9", "recall_at_precision": "recall_at_precision_0.9"}
_WITH_LEVEL = re.compile(rf"({'|'.join(_OF_A_LEVEL)})(?:_(.*))?")
_LEVEL = re.compile(r"0\.[0-9]*[1-9]")


@cache
def metric_of(name: str, *, task: str = "") -> Metric:
    """The metric of a name.

    Args:
        task: that it must be of, if it is known.

    Raises:
        ValueError: there is none; the message says what the name must be.
    """
    found = _WITH_LEVEL.fullmatch(name)
    metric = METRICS.get(name) or (_OF_A_LEVEL[found[1]] if found else None)
    if metric is None or task not in ("", metric.task):
        known = [each for of in (REGRESSION, CLASSIFICATION) if task in ("", of) for each in examples(of)]
        raise ValueError(f"must be one of {', '.join(known)}, got {name!r}")
    if not found:
        return metric
    family, text = found[1], found[2] or ""
    if not _LEVEL.fullmatch(text):
        # One spelling, so that equal metrics have equal names.
        raise ValueError(f"must end in a number between 0 and 1, such as {_EXAMPLES[family]}, got {name!r}")
    level = float(text)
    parts: dict[str, Any] = {"level": level, "measure": partial(metric.measure, level=level)}
    if metric.task == REGRESSION:
        of = partial(regression.quantile, level=level)
        parts["constant"] = Constant(name=f"the {text} quantile", of=of)
    return replace(metric, **parts)


def why_unknown(name: str, outcomes: Outcomes) -> str:
    """Why a metric is not known of some outcomes; empty if it is."""
    metric = metric_of(name)
    if metric.of_probabilities and not (outcomes.probabilities and all(outcomes.probabilities)):
        return f"{name} needs probabilities, which the model does not give"
    if metric.family == "rmsle" and any(min(a, p) <= -1 for a, p in pairs(outcomes)):
        return f"{name} takes the logarithm of 1 + target, and a target or a prediction is -1 or less"
    if metric.family == "r2" and len(outcomes.actual) < 2:
        return f"{name} needs two rows"
    if metric.family in RANKING:
        count, rows = Counter(outcomes.actual), len(outcomes.actual)
        labels = outcomes.ranked_classes
        if not any(count[label] and (count[label] < rows or metric.family != "roc_auc") for label in labels):
            which = line(labels[0]) if len(labels) == 1 else "a class"
            has = "every row is" if count[labels[0]] else "no row is"
            return f"{name} tells the rows of {which} from others, and {has} of it"
    return ""


def examples(task: str) -> list[str]:
    """The names of a task's metrics, with an example for one that takes a number."""
    with_level = (_EXAMPLES[family] for family, metric in _OF_A_LEVEL.items() if metric.task == task)
    return [*(name for name, metric in METRICS.items() if metric.task == task), *with_level]


def measure_all(outcomes: Outcomes, *, task: str, chosen: str = "") -> dict[str, float]:
    """The usual metrics of a task and the chosen one, by name, as far as they are known of the outcomes.

    Some classifiers know no probabilities, and some metrics are not known where a class has no row. Where a target is
    0, `mape` is no usual metric: it would be billions of percent.
    """
    usual = {name: metric for name, metric in METRICS.items() if metric.task == task and metric.usual}
    if 0 in outcomes.actual:
        usual.pop("mape", None)
    return {
        name: metric.measure(outcomes)
        for name, metric in (usual | ({chosen: metric_of(chosen)} if chosen else {})).items()
        if not why_unknown(name, outcomes)
    }
