"""The threshold that decides between two classes: given, or chosen on training rows that the fit had not seen."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import confusion_matrix_at_thresholds
from sklearn.model_selection import FixedThresholdClassifier, GroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from evergreen.confusion import Confusion
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidSettings
from evergreen.judging.dependence import Codes, Floats, Units
from evergreen.metrics import Outcomes
from evergreen.number_text import number
from evergreen.quoting import quoted
from evergreen.settings.sections import F1, FALSE_NEGATIVE, FALSE_POSITIVE, ModelSettings
from training.fitting.estimators import features_of, logged_parameters
from training.preparing.rows import TrainingRows

_FOLDS = 5
# Classes that a message names.
_NAMED = 5

Fit = Callable[[TrainingRows, Contract, ModelSettings], Pipeline]


def decided(fit: Fit, rows: TrainingRows, contract: Contract, settings: ModelSettings) -> Any:
    """The fitted pipeline; with [decision], in a classifier that predicts by the threshold.

    Args:
        fit: fits the pipeline to some rows.

    Raises:
        InvalidSettings: there are not two classes, or too few rows of one of them to choose a threshold.
    """
    threshold = settings.decision.threshold
    if threshold == "":
        return fit(rows, contract, settings)
    positive = _positive(contract)
    if not isinstance(threshold, float):
        truth = (rows.table[contract.target] == positive).to_numpy()
        folds = _folds(truth, rows.units, seed=settings.seed)
        threshold = choose(truth, _unseen(fit, rows, contract, settings, positive, folds), threshold)
    fitted = fit(rows, contract, settings)
    # Frozen: it is fitted already, and what it was given besides the rows is its own affair.
    decider = FixedThresholdClassifier(
        FrozenEstimator(fitted), threshold=threshold, pos_label=positive, response_method="predict_proba"
    )
    return decider.fit(features_of(rows.table, contract), rows.table[contract.target])


def parameters_of(estimator: Any) -> dict[str, Any]:
    """The parameters of the estimator itself, and the threshold if there is one."""
    if isinstance(estimator, FixedThresholdClassifier):
        return {**logged_parameters(estimator.estimator.estimator), "decision_threshold": estimator.threshold}
    return logged_parameters(estimator)


def summary(estimator: Any, outcomes: Outcomes, settings: ModelSettings, *, units: Units) -> dict[str, Any]:
    """What metrics.json says of the decisions under "decision"; nothing if the likelier class is predicted.

    `chosen` is "given", or what the threshold was chosen for: "f1", "balanced_accuracy" or "cost"; `folds` what kept
    fitted rows and those that it was chosen on apart: "time", "group" or "rows". `holdout` is as Confusion.as_dict has
    it. If costs are given, `always` has the cost of a decision that is always the same, by its label.

    Args:
        outcomes: of the holdout.
        units: how the training rows depend on each other.
    """
    if not isinstance(estimator, FixedThresholdClassifier):
        return {}
    wanted, positive = settings.decision, estimator.pos_label
    [negative] = [label for label in outcomes.classes if label != positive]
    given = isinstance(wanted.threshold, float)
    found: dict[str, Any] = {
        "positive": positive,
        "negative": negative,
        "threshold": estimator.threshold,
        "chosen": "given" if given else "cost" if wanted.costs else wanted.threshold,
        "folds": None if given else _apart_by(units),
        "costs": wanted.costs,
        "holdout": Confusion.of(outcomes, positive).as_dict(wanted.costs),
    }
    if wanted.costs:
        found["always"] = {
            label: Confusion.of(
                Outcomes(actual=outcomes.actual, predicted=[label] * len(outcomes.actual)), positive
            ).cost(wanted.costs)
            for label in outcomes.classes
        }
    return {"decision": found}


def choose(truth: np.ndarray, probabilities: Floats, aim: str | dict[str, float]) -> float:
    """The best threshold, of few digits: any between two neighbouring probabilities decides the same.

    Args:
        truth: whether a row is positive; some are, and some are not.
        probabilities: that it is.
        aim: F1, BALANCED_ACCURACY, or what mistakes cost.
    """
    negatives, false, missed, hits, at = confusion_matrix_at_thresholds(truth, probabilities)
    # First, the threshold that no row reaches.
    false, hits = np.append(0.0, false), np.append(0.0, hits)
    negatives, missed = np.append(negatives[0] + false[1], negatives), np.append(missed[0] + hits[1], missed)
    if isinstance(aim, dict):
        value = -(false * aim[FALSE_POSITIVE] + missed * aim[FALSE_NEGATIVE])
    elif aim == F1:
        value = 2 * hits / (2 * hits + false + missed)
    else:
        value = hits / hits[-1] + negatives / negatives[0]
    best = int(np.argmax(value))
    highest = 1.0 if at[0] < 1 else np.nextafter(1.0, 2.0)
    edges = [highest, *at, 0.0]
    return _between(float(edges[best + 1]), float(edges[best]))


def _between(low: float, high: float) -> float:
    """A number above one and at most the other, of as few decimals as lie near their middle."""
    middle = (low + high) / 2
    rounded = (round(middle, digits) for digits in range(1, 17))
    return next((each for each in rounded if low < each <= high), high)


def _positive(contract: Contract) -> str:
    classes = contract.classes
    if len(classes) != 2:
        named = ", ".join(map(quoted, classes[:_NAMED])) + (" ..." if len(classes) > _NAMED else "")
        raise InvalidSettings(
            f"model.toml: [decision] threshold goes with two classes; {contract.target} has {len(classes)}: {named}"
        )
    return contract.positive or classes[1]


def _apart_by(units: Units) -> str:
    # Rows in time are judged on later rows, of the same groups: so is the threshold.
    if units.moments is not None:
        return "time"
    return "rows" if units.groups is None else "group"


def _folds(truth: np.ndarray, units: Units, *, seed: int) -> list[Codes]:
    """The positions of the rows of each fold.

    Raises:
        InvalidSettings: there are too few rows, moments or groups.
    """
    rows = np.arange(len(truth))
    if units.moments is not None:
        # Blocks in the order of time. Rows of one moment are in one.
        earlier = np.searchsorted(np.sort(units.moments), units.moments)
        blocks = earlier * _FOLDS // len(rows)
        found = [rows[blocks == block] for block in np.unique(blocks)]
    elif units.groups is not None:
        count = min(_FOLDS, len(np.unique(units.groups)))
        splits = GroupKFold(count).split(rows, groups=units.groups) if count > 1 else ()
        found = [fold for _, fold in splits]
    else:
        count = min(_FOLDS, int(truth.sum()), int((~truth).sum()))
        splits = StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, truth) if count > 1 else ()
        found = [fold for _, fold in splits]
    others = [np.delete(truth, fold) for fold in found]
    if len(found) < 2 or not all(each.any() and not each.all() for each in others):
        raise InvalidSettings(
            f"model.toml: [decision] threshold cannot be chosen: {number(int(truth.sum()))} of {number(len(truth))} "
            f"training rows are positive, and with folds by {_apart_by(units)} a fit would see one class only. "
            "Use more rows, or give the threshold as a number"
        )
    return found


def _unseen(
    fit: Fit,
    rows: TrainingRows,
    contract: Contract,
    settings: ModelSettings,
    positive: str,
    folds: list[Codes],
) -> Floats:
    """The probability of the positive class for each training row, by a fit to the other folds.

    Not by cross_val_predict, which fits to numbered classes: parameters that name a class would name none.
    """
    everything, probabilities = np.arange(len(rows.table)), np.empty(len(rows.table))
    for place, fold in enumerate(folds, 1):
        started = time.monotonic()
        fitted = fit(rows.take(np.delete(everything, fold)), contract, settings)
        column = list(fitted.classes_).index(positive)
        probabilities[fold] = fitted.predict_proba(features_of(rows.table.iloc[fold], contract))[:, column]
        print(f"Threshold: fit {place} of {len(folds)} took {time.monotonic() - started:.1f} s", flush=True)
    return probabilities
