"""The estimators of model.toml: the scikit-learn class of each, and its preprocessing."""

import difflib
import inspect
from typing import Any

import numpy as np
import pandas as pd
from sklearn import ensemble, linear_model, svm, tree
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, DATE, NUMBER
from evergreen.errors import InvalidSettings
from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.settings.sections import ModelSettings
from training.fitting import preprocessing
from training.reading.dates import seconds_of

# The only estimator that takes missing values and categories as they are.
NATIVE = "hist_gradient_boosting"

_REGRESSORS: dict[str, type[BaseEstimator]] = {
    NATIVE: ensemble.HistGradientBoostingRegressor,
    "gradient_boosting": ensemble.GradientBoostingRegressor,
    "random_forest": ensemble.RandomForestRegressor,
    "extra_trees": ensemble.ExtraTreesRegressor,
    "decision_tree": tree.DecisionTreeRegressor,
    "linear": linear_model.LinearRegression,
    "ridge": linear_model.Ridge,
    "lasso": linear_model.Lasso,
    "elastic_net": linear_model.ElasticNet,
    "linear_svm": svm.LinearSVR,
}
_CLASSIFIERS: dict[str, type[BaseEstimator]] = {
    NATIVE: ensemble.HistGradientBoostingClassifier,
    "gradient_boosting": ensemble.GradientBoostingClassifier,
    "random_forest": ensemble.RandomForestClassifier,
    "extra_trees": ensemble.ExtraTreesClassifier,
    "decision_tree": tree.DecisionTreeClassifier,
    "logistic": linear_model.LogisticRegression,
    "ridge": linear_model.RidgeClassifier,
    "linear_svm": svm.LinearSVC,
}
CLASSES = {REGRESSION: _REGRESSORS, CLASSIFICATION: _CLASSIFIERS}
# These weigh features against each other, so the features must have the same scale.
_SCALED = {"linear", "ridge", "lasso", "elastic_net", "logistic", "linear_svm"}


def features_of(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The contract's features in its order: numbers, and dates in seconds, as float64, categories as text.

    Missing cells are NaN.
    """
    columns: dict[str, Any] = {}
    for feature in contract.features:
        column = rows[feature.name]
        if feature.type == NUMBER:
            columns[feature.name] = column.to_numpy(dtype="float64")
        elif feature.type == DATE:
            columns[feature.name] = seconds_of(column)
        else:
            columns[feature.name] = column.astype(object).where(column.notna(), np.nan).to_numpy(dtype=object)
    return pd.DataFrame(columns)


def build(settings: ModelSettings, contract: Contract, *, groups: int = 0) -> Pipeline:
    """The unfitted pipeline of preprocessing and estimator.

    Args:
        groups: how many groups the training rows have; 0 if they are not grouped.

    Raises:
        InvalidSettings: the estimator has no such parameter, or a setting does not fit the features.
    """
    chosen = settings.estimator
    estimator_class = CLASSES[contract.task][chosen.type]
    known = estimator_class().get_params()
    for name in chosen.parameters:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise InvalidSettings(f"model.toml: estimator.parameters: {estimator_class.__name__} has no {name!r}{hint}")
    native = chosen.type == NATIVE
    transformers = preprocessing.transformers(
        settings.preprocessing,
        contract,
        native=native,
        scaled=chosen.type in _SCALED,
        folds=preprocessing.folds(contract.task, groups=groups, seed=settings.seed),
    )
    parameters: dict[str, Any] = {"random_state": settings.seed} if "random_state" in known else {}
    if native and preprocessing.encodes_as_numbers(settings.preprocessing, native=native):
        # The preprocessing puts the categories first, and what is encoded by the target after them.
        count = sum(feature.type == CATEGORY for feature in contract.features)
        count -= len(preprocessing.encoded_by_target(settings.preprocessing, contract))
        parameters["categorical_features"] = list(range(count)) or None
    estimator: Any = estimator_class(**{**parameters, **chosen.parameters})
    if settings.preprocessing.log_target:
        estimator = TransformedTargetRegressor(estimator, func=np.log1p, inverse_func=np.expm1)
    return Pipeline([("preprocessing", ColumnTransformer(transformers)), ("estimator", estimator)])


def take_weights(pipeline: Pipeline) -> None:
    """Have the library hand the weights of rows on to the estimator, and to no step of its preprocessing.

    Called where its metadata routing is switched on.
    """
    final = pipeline.named_steps["estimator"]
    final = final.regressor if isinstance(final, TransformedTargetRegressor) else final
    for part in pipeline.get_params().values():
        if hasattr(part, "set_fit_request") and "sample_weight" in inspect.signature(part.fit).parameters:
            part.set_fit_request(sample_weight=part is final)


def in_one_thread(estimator: Any) -> Any:
    """The same fitted estimator, predicting in one thread: several threads add a forest's trees in random order."""
    threads = [name for name in estimator.get_params() if name.rpartition("__")[2] == "n_jobs"]
    return estimator.set_params(**dict.fromkeys(threads))


def logged_parameters(estimator: Pipeline) -> dict[str, Any]:
    """The parameters of the estimator itself, without those of its preprocessing."""
    final = estimator.named_steps["estimator"]
    if isinstance(final, TransformedTargetRegressor):
        final = final.regressor
    return {"estimator": type(final).__name__, **final.get_params()}
