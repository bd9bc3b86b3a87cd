"""MLflow: runs, registered versions and aliases. The only module that imports it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, DATE
from evergreen.errors import TrackingFailed, UnknownVersion

_PACKAGE = Path(__file__).parent
CANDIDATE = "candidate"
CHAMPION = "champion"
PREVIOUS = "previous"
VERSION_TAG = "evergreen.version"
DECISION_TAG = "evergreen.decision"
REASON_TAG = "evergreen.reason"
TRIGGER_TAG = "evergreen.trigger"
DIGEST_TAG = "evergreen.digest"
WANDB_TAG = "evergreen.wandb"
PROMOTED, REFUSED = "promoted", "refused"

# The most characters of a parameter: MLflow does not accept a list of thousands of columns.
_PARAMETER = 500

# What skops may load beside the types that it trusts itself: data holders of scikit-learn's estimators. A
# functools.partial is as safe as its function, which skops audits apart.
REVIEWED_TYPES = [
    "evergreen.portable.date_parts.DateParts",
    "evergreen.portable.date_parts.Parts",
    "functools.partial",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.GroupKFold",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
]


@dataclass(frozen=True, kw_only=True)
class AliasedVersion:
    """What the alias `champion` points at.

    Attributes:
        model_version: MLflow's number of it.
        version: ours.
        digest: of the portable model and the contract; empty of what an earlier release has judged.
    """

    model_version: str
    version: str
    digest: str


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
    contract: Contract,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    datasets: Mapping[str, Any],
    data_source: str,
    data_version: str,
    tags: Mapping[str, str],
    artifacts: Sequence[Path],
) -> TrackedRun:
    """Log one training as a run of the experiment `name` and register its model as the candidate.

    Args:
        contract: its features are the model's signature.
        datasets: frames by what they were used for.
        data_source: where the table lies that they were made from, a URI or a path.
        artifacts: files: cards, sheets, plots.
    """
    # Imported here, since they need numpy, pandas and scikit-learn, which the functions that move aliases lack.
    import mlflow.sklearn
    from mlflow.data.pandas_dataset import from_pandas

    mlflow.set_experiment(name)
    with mlflow.start_run(run_name=version, tags={VERSION_TAG: version, **tags}) as run:
        mlflow.log_params({key: str(value)[:_PARAMETER] for key, value in parameters.items()})
        mlflow.log_metrics(dict(metrics))
        for context, frame in datasets.items():
            dataset = from_pandas(
                frame, source=data_source, targets=contract.target, name=f"{name} {context}", digest=data_version
            )
            log_dataset(dataset, context)
        for path in artifacts:
            mlflow.log_artifact(str(path), artifact_path="documents")
        logged = mlflow.sklearn.log_model(
            estimator,
            name="model",
            registered_model_name=name,
            signature=_signature(contract),
            skops_trusted_types=REVIEWED_TYPES,
            # The parts of dates are a function of this package.
            code_paths=[str(_PACKAGE)] if any(feature.type == DATE for feature in contract.features) else None,
            # Named, so that MLflow does not start another Python to find them out.
            pip_requirements=["mlflow-skinny", "scikit-learn", "skops", "pandas"],
        )
    model_version = str(logged.registered_model_version)
    client = MlflowClient()
    client.set_model_version_tag(name, model_version, VERSION_TAG, version)
    client.set_registered_model_alias(name, CANDIDATE, model_version)
    return TrackedRun(run_id=run.info.run_id, model_version=model_version)


def log_dataset(dataset: Any, context: str) -> None:
    """Log what a run was given. Of two runs that name a new dataset at one moment, MLflow fails one: it looks for the
    dataset before it adds it (`log_inputs` of its SQL store). The second time, the dataset is there.
    """
    import mlflow

    for last in (False, False, True):
        try:
            mlflow.log_input(dataset, context=context)
            return
        except MlflowException:
            if last:
                raise


def _signature(contract: Contract) -> Any:
    """What the model takes and gives, from the contract: a sample of rows would not tell what may be missing.

    The model itself takes a date as its moment in seconds.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    inputs: list[Any] = [
        ColSpec(
            DataType.string if feature.type == CATEGORY else DataType.double,
            feature.name,
            required=not feature.missing_allowed,
        )
        for feature in contract.features
    ]
    output = DataType.string if contract.classes else DataType.double
    return ModelSignature(inputs=Schema(inputs), outputs=Schema([ColSpec(output)]))


def tag(run_id: str, name: str, words: str) -> None:
    """
    Raises:
        MlflowException: MLflow cannot be reached, or does not know the run.
    """
    MlflowClient().set_tag(run_id, name, words)


def record_decision(run_id: str, decision: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write Judge's decision on the run: its outcome and reason as tags, itself and the files as artifacts.

    Doing it again changes nothing.

    Args:
        files: text files by their name, which take the place of earlier ones.

    Raises:
        MlflowException: MLflow cannot be reached, or does not know the run.
    """
    client = MlflowClient()
    client.set_tag(run_id, DECISION_TAG, PROMOTED if decision["promote"] else REFUSED)
    client.set_tag(run_id, REASON_TAG, decision["reason"])
    client.set_tag(run_id, DIGEST_TAG, decision["digest"])
    if "trigger" in decision:
        client.set_tag(run_id, TRIGGER_TAG, decision["trigger"])
    client.log_text(run_id, json.dumps(dict(decision), indent=1), "documents/decision.json")
    for name, content in files.items():
        client.log_text(run_id, content.decode(), f"documents/{name}")


def require_version(name: str, model_version: str, version: str) -> None:
    """Check that a version can be made champion, before anything is changed.

    Args:
        model_version: the number of the registered version.
        version: the model's own. An MLflow that was made anew counts from 1 again, and may have another one there.

    Raises:
        UnknownVersion: MLflow does not know the version.
        MlflowException: MLflow cannot be reached.
    """
    try:
        found = MlflowClient().get_model_version(name, model_version)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise UnknownVersion(_unknown(name, version)) from error
    if found.tags.get(VERSION_TAG, version) != version:
        raise UnknownVersion(_unknown(name, version))


def _unknown(name: str, version: str) -> str:
    return (
        f"MLflow does not know {version} of {name}: it was trained with an MLflow that has been removed since. Train "
        "again, or make it champion without MLflow: evergreen rollback"
    )


def mark_champion(name: str, model_version: str | None) -> None:
    """Move the alias `champion` to a version, and `previous` to the one that had it. Doing it again changes nothing.

    Args:
        model_version: None if the champion is one that MLflow does not know: then nothing has the alias.
    """
    client = MlflowClient()
    current = _version_of(client, name, CHAMPION)
    if current == model_version:
        return
    if current is not None:
        client.set_registered_model_alias(name, PREVIOUS, current)
    if model_version is None:
        client.delete_registered_model_alias(name, CHAMPION)
    else:
        client.set_registered_model_alias(name, CHAMPION, model_version)


def champion(name: str) -> AliasedVersion | None:
    """The version that has the alias `champion`; None if none has.

    Raises:
        TrackingFailed: MLflow does not answer, or refuses.
    """
    client = MlflowClient()
    try:
        model_version = _version_of(client, name, CHAMPION)
        if model_version is None:
            return None
        registered = client.get_model_version(name, model_version)
        tags = client.get_run(registered.run_id).data.tags if registered.run_id else {}
    except MlflowException as error:
        refused = error.error_code in ("PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED")
        raise TrackingFailed(str(error), refused=refused or "error code 403" in str(error)) from error
    return AliasedVersion(
        model_version=model_version, version=registered.tags.get(VERSION_TAG, ""), digest=tags.get(DIGEST_TAG, "")
    )


def _version_of(client: MlflowClient, name: str, alias: str) -> str | None:
    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        # The server answers INVALID_PARAMETER_VALUE for an alias that is not set.
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise
