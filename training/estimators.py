"""The estimators of model.toml: what each is in scikit-learn, and the preprocessing that it gets."""

import difflib
from typing import Any

import numpy as np
import pandas as pd
from sklearn import ensemble, linear_model, tree
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from evergreen.contract import CATEGORY, NUMBER, Contract
from evergreen.errors import InvalidSettings
from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.settings import EstimatorSettings

# The only one that takes missing values and categories as they are.
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
}
_CLASSIFIERS: dict[str, type[BaseEstimator]] = {
    NATIVE: ensemble.HistGradientBoostingClassifier,
    "gradient_boosting": ensemble.GradientBoostingClassifier,
    "random_forest": ensemble.RandomForestClassifier,
    "extra_trees": ensemble.ExtraTreesClassifier,
    "decision_tree": tree.DecisionTreeClassifier,
    "logistic": linear_model.LogisticRegression,
}
CLASSES = {REGRESSION: _REGRESSORS, CLASSIFICATION: _CLASSIFIERS}
# These weigh features against each other, so that they must be of one scale.
_SCALED = {"linear", "ridge", "lasso", "elastic_net", "logistic"}


def features_of(rows: pd.DataFrame, contract: Contract, estimator_type: str) -> pd.DataFrame:
    """The contract's features in its order, as the estimator takes them.

    Categories are typed for the estimator that treats them natively, and text for the encoder of all others.
    """
    columns: dict[str, Any] = {}
    for feature in contract.features:
        column = rows[feature.name]
        if feature.type == NUMBER:
            columns[feature.name] = column.to_numpy(dtype="float64")
        elif estimator_type == NATIVE:
            columns[feature.name] = pd.Categorical(column, categories=list(feature.categories))
        else:
            columns[feature.name] = column.astype(object).where(column.notna(), np.nan).to_numpy(dtype=object)
    return pd.DataFrame(columns)


def build(settings: EstimatorSettings, contract: Contract, *, seed: int) -> Any:
    """The unfitted estimator.

    Numbers that are missing become the median, with a column that says so; categories become a column each, and one
    that training never saw none of them.

    Raises:
        InvalidSettings: the estimator has no such parameter.
    """
    estimator_class = CLASSES[contract.task][settings.type]
    known = estimator_class().get_params()
    for name in settings.parameters:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise InvalidSettings(f"model.toml: estimator.parameters: {estimator_class.__name__} has no {name!r}{hint}")
    defaults: dict[str, Any] = {"random_state": seed} if "random_state" in known else {}
    if settings.type == NATIVE:
        return estimator_class(**{**defaults, "categorical_features": "from_dtype", **settings.parameters})
    numbers: Any = SimpleImputer(strategy="median", add_indicator=True)
    if settings.type in _SCALED:
        numbers = make_pipeline(numbers, StandardScaler())
    columns = {
        kind: [feature.name for feature in contract.features if feature.type == kind] for kind in (NUMBER, CATEGORY)
    }
    preprocessing = ColumnTransformer(
        [
            ("numbers", numbers, columns[NUMBER]),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), columns[CATEGORY]),
        ]
    )
    return Pipeline(
        [("preprocessing", preprocessing), ("estimator", estimator_class(**{**defaults, **settings.parameters}))]
    )


def in_one_thread(estimator: Any) -> Any:
    """The same fitted estimator, predicting in one thread: several add a forest's trees up in an order of chance."""
    threads = [name for name in estimator.get_params() if name.rpartition("__")[2] == "n_jobs"]
    return estimator.set_params(**dict.fromkeys(threads))


def logged_parameters(estimator: Any) -> dict[str, Any]:
    """The parameters of the estimator itself, without those of its preprocessing."""
    final = estimator.named_steps["estimator"] if isinstance(estimator, Pipeline) else estimator
    return {"estimator": type(final).__name__, **final.get_params()}
