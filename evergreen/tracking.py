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

# What skops may load beside the types that it trusts itself: data holders of scikit-learn's estimators. A
# functools.partial is as safe as its function, which skops audits apart.
REVIEWED_TYPES = [
    "functools.partial",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
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
