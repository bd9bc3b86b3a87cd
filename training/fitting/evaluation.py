"""Evaluates a fitted estimator on the holdout: metrics with intervals, a baseline, slices, importance."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance

from evergreen.contract.contract import Contract
from evergreen.errors import InvalidSettings
from evergreen.judging.bootstrap import estimate
from evergreen.judging.dependence import Units
from evergreen.judging.improvement import slice_label
from evergreen.metrics import Outcomes, measure_all, metric_of, why_unknown
from evergreen.settings.sections import ModelSettings
from evergreen.settings.toml_text import text
from training.fitting.estimators import features_of

# How often a feature is shuffled, and in how many holdout rows at most.
# Times that each feature is shuffled; of a wide table fewer, since each time takes a prediction of all rows.
_REPEATS, _MOST_SHUFFLES = 5, 1000
_SHUFFLED_ROWS = 5000


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The evaluation of one model.

    Attributes:
        holdout: the value of every metric of the task, by name.
        baseline: the same for a model that uses no features.
        baseline_model: what that one says of each row, `predicted` and `probabilities`.
        intervals: 95% bootstrap interval of each metric, low and high.
        worth: what the holdout's rows tell of the metric of model.toml, as evergreen.judging.dependence.Worth.
        importance: by feature, how much worse the metric of model.toml gets when the feature is shuffled: mean and
            standard deviation over the repeats, in units of the metric.
        slices: by feature and value: the number of rows, and the metric of model.toml on them; None if not known.
    """

    holdout: dict[str, float]
    baseline: dict[str, float]
    baseline_model: dict[str, Any]
    intervals: dict[str, tuple[float, float]]
    worth: dict[str, Any]
    importance: dict[str, dict[str, float]]
    slices: dict[str, dict[str, dict[str, float | None]]]


def evaluate(
    estimator: Any,
    outcomes: Outcomes,
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    units: Units,
    contract: Contract,
    settings: ModelSettings,
) -> Evaluation:
    """Measure the estimator.

    Args:
        outcomes: the result of `predict` on the holdout.
        units: how the holdout rows depend on each other.

    Raises:
        InvalidSettings: the metric of model.toml is not known of these outcomes.
    """
    measured = measure_all(outcomes, task=contract.task, chosen=settings.metric)
    if why := why_unknown(settings.metric, outcomes):
        raise InvalidSettings(f"the holdout cannot be measured by metric = {text(settings.metric)}: {why}")
    featureless = baseline(train, holdout, contract, metric=settings.metric)
    estimates = {name: estimate(name, outcomes, units=units, seed=settings.seed) for name in measured}
    return Evaluation(
        holdout=measured,
        baseline=measure_all(featureless, task=contract.task, chosen=settings.metric),
        baseline_model={
            "predicted": featureless.predicted[0],
            "probabilities": list(featureless.probabilities[0]) if contract.classes else [],
        },
        intervals={name: (each.low, each.high) for name, each in estimates.items()},
        worth=asdict(estimates[settings.metric].worth),
        importance=importance(estimator, holdout, contract, metric=settings.metric, seed=settings.seed),
        slices=slices(outcomes, holdout, settings.promotion.slices, metric=settings.metric),
    )


def predict(estimator: Any, rows: pd.DataFrame, contract: Contract) -> Outcomes:
    """The outcomes of scikit-learn's own predictions on labelled rows.

    Raises:
        InvalidSettings: the estimator takes no missing values, and none is imputed where only these rows lack one.
    """
    try:
        return _outcomes(estimator, features_of(rows, contract), rows[contract.target].tolist(), contract)
    except ValueError as error:
        raise InvalidSettings(f"the estimator cannot predict the holdout rows: {error}") from error


def _outcomes(estimator: Any, features: pd.DataFrame, actual: Sequence[Any], contract: Contract) -> Outcomes:
    return Outcomes(
        actual=actual,
        predicted=estimator.predict(features).tolist(),
        probabilities=estimator.predict_proba(features).tolist() if hasattr(estimator, "predict_proba") else (),
        classes=contract.classes,
        positive=contract.positive,
    )


def baseline(train: pd.DataFrame, holdout: pd.DataFrame, contract: Contract, *, metric: str) -> Outcomes:
    """Outcomes of a model that uses no features.

    It says the number that is best by the metric, such as the target's mean, or the commonest class and all classes'
    shares.
    """
    actual, target = holdout[contract.target].tolist(), train[contract.target]
    if not contract.classes:
        return Outcomes(actual=actual, predicted=[metric_of(metric).constant.of(target.tolist())] * len(actual))
    shares = target.value_counts(normalize=True)
    row = [float(shares[label]) for label in contract.classes]
    return Outcomes(
        actual=actual,
        predicted=[contract.classes[row.index(max(row))]] * len(actual),
        probabilities=[row] * len(actual),
        classes=contract.classes,
        positive=contract.positive,
    )


def importance(
    estimator: Any, holdout: pd.DataFrame, contract: Contract, *, metric: str, seed: int
) -> dict[str, dict[str, float]]:
    """Permutation importance (Breiman 2001) of each feature on the holdout."""
    sign = 1 if metric_of(metric).higher_is_better else -1

    def score(fitted: Any, features: pd.DataFrame, actual: pd.Series) -> float:
        outcomes = _outcomes(fitted, features, actual.tolist(), contract)
        return math.nan if why_unknown(metric, outcomes) else sign * metric_of(metric).measure(outcomes)

    sample = holdout.sample(_SHUFFLED_ROWS, random_state=seed) if len(holdout) > _SHUFFLED_ROWS else holdout
    if math.isnan(score(estimator, features_of(sample, contract), sample[contract.target])):
        # A class is so rare that the sample has no row of it.
        sample = holdout
    found = permutation_importance(
        estimator,
        features_of(sample, contract),
        sample[contract.target],
        scoring=score,
        n_repeats=max(1, min(_REPEATS, _MOST_SHUFFLES // len(contract.features))),
        random_state=seed,
    )
    return {
        feature.name: {"mean": float(np.mean(gains)), "std": float(np.std(gains))}
        # A prediction that is no number by this metric, after a shuffle, tells nothing.
        for feature, gains in zip(contract.features, np.nan_to_num(found.importances), strict=True)
    }


def slices(
    outcomes: Outcomes, holdout: pd.DataFrame, features: Sequence[str], *, metric: str
) -> dict[str, dict[str, dict[str, float | None]]]:
    """The metric on the rows of each value of the features, None where it is not known. A row that lacks the feature is
    in no slice.
    """
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for name in features:
        groups = holdout.reset_index(drop=True).groupby(name).indices
        found[name] = {
            slice_label(value): {"rows": len(rows), "value": _known(metric, outcomes.take(rows.tolist()))}
            for value, rows in sorted(groups.items())
        }
    return found


def _known(metric: str, outcomes: Outcomes) -> float | None:
    return None if why_unknown(metric, outcomes) else metric_of(metric).measure(outcomes)
