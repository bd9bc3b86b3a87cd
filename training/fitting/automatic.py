"""What `auto` in [preprocessing] does for each estimator: the steps of the pipelines that are built for it."""

import typing
from dataclasses import dataclass

from sklearn.base import BaseEstimator

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, Feature
from evergreen.metrics import CLASSIFICATION
from evergreen.settings.sections import ESTIMATORS, DataSettings, EstimatorSettings, ModelSettings, SplitSettings
from training.fitting.estimators import build

# A category of more values than hist_gradient_boosting takes as they are.
_FEW, _MANY = 2, 300
_SEED = 4711


@dataclass(frozen=True, kw_only=True)
class Described:
    """The pipeline of an estimator.

    Attributes:
        final: the scikit-learn estimator, with the parameters that differ from its own defaults.
        steps: those of each group of features, by the group's name; none if the features stay as they are.
    """

    estimator: str
    final: str
    steps: dict[str, list[str]]


def described(task: str) -> list[Described]:
    """The pipelines of a task's estimators, with [preprocessing] as it is without settings."""
    return [_described(task, estimator) for estimator in ESTIMATORS[task]]


def _described(task: str, estimator: str) -> Described:
    settings = ModelSettings(
        name="any",
        data=DataSettings(path="any.csv", target="target"),
        split=SplitSettings(),
        task=task,
        seed=_SEED,
        estimator=EstimatorSettings(type=estimator),
    )
    pipeline = build(settings, _contract(task))
    return Described(
        estimator=estimator,
        final=_words(pipeline.named_steps["estimator"]),
        steps={
            name: [] if step == "passthrough" else [_words(part) for _, part in getattr(step, "steps", [("", step)])]
            for name, step, _ in pipeline.named_steps["preprocessing"].transformers
        },
    )


def _contract(task: str) -> Contract:
    """One feature of each type, and a category of many values."""
    types = typing.get_args(typing.get_type_hints(Feature)["type"])
    features = [_feature(type_, type_, values=_FEW) for type_ in types]
    return Contract(
        task=task,
        target="target",
        features=(*features, _feature("many", CATEGORY, values=_MANY)),
        classes=("no", "yes") if task == CLASSIFICATION else (),
    )


def _feature(name: str, type_: typing.Any, *, values: int) -> Feature:
    if type_ == CATEGORY:
        return Feature(name=name, type=type_, missing_allowed=True, categories=tuple(map(str, range(values))))
    return Feature(name=name, type=type_, missing_allowed=True, minimum=0.0, maximum=1.0)


def _words(step: BaseEstimator) -> str:
    """As scikit-learn prints it: with the parameters that differ from their defaults."""
    return " ".join(repr(step).split()).replace(f"random_state={_SEED}", "random_state=seed")
