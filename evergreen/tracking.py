"""MLflow: runs, registered versions and aliases. The only module that imports it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

CANDIDATE = "candidate"
CHAMPION = "champion"
PREVIOUS = "previous"
VERSION_TAG = "evergreen.version"

# What skops may load beside the types that it trusts itself: the parts of the estimators that we fit, all of them
# data holders of scikit-learn. A functools.partial is as safe as its function, which skops audits apart.
REVIEWED_TYPES = [
    "functools.partial",
    "numpy.dtype",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.loss.AbsoluteError",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn._loss.loss.PinballLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
]


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """A finished MLflow run and the version that was registered from it."""

    run_id: str
    model_version: str


def log_training(
    *,
    name: str,
    version: str,
    estimator: Any,
    features: Any,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> TrackedRun:
    """Log one training as a run of the experiment `name` and register its model as the candidate.

    Args:
        features: a frame of a few rows as the estimator takes them, for the signature.
    """
    # Here, because they need numpy and scikit-learn: the functions that move aliases have neither.
    import mlflow.sklearn
    from mlflow.models import infer_signature

    mlflow.set_experiment(name)
    with mlflow.start_run(run_name=version, tags={VERSION_TAG: version, **tags}) as run:
        mlflow.log_params(dict(parameters))
        mlflow.log_metrics(dict(metrics))
        logged = mlflow.sklearn.log_model(
            estimator,
            name="model",
            registered_model_name=name,
            signature=infer_signature(features, estimator.predict(features)),
            skops_trusted_types=REVIEWED_TYPES,
            # Named, so that MLflow does not start another Python to find them out.
            pip_requirements=["mlflow-skinny", "scikit-learn", "skops", "pandas"],
        )
    model_version = str(logged.registered_model_version)
    client = MlflowClient()
    client.set_model_version_tag(name, model_version, VERSION_TAG, version)
    client.set_registered_model_alias(name, CANDIDATE, model_version)
    return TrackedRun(run_id=run.info.run_id, model_version=model_version)


def mark_champion(name: str, model_version: str) -> None:
    """Move the alias `champion` to a version, and `previous` to the one that had it. Doing it again changes nothing."""
    client = MlflowClient()
    current = _version_of(client, name, CHAMPION)
    if current == model_version:
        return
    if current is not None:
        client.set_registered_model_alias(name, PREVIOUS, current)
    client.set_registered_model_alias(name, CHAMPION, model_version)


def _version_of(client: MlflowClient, name: str, alias: str) -> str | None:
    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        # The server answers INVALID_PARAMETER_VALUE for an alias that is not set.
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise
