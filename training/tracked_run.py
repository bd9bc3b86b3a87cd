"""A training's run in MLflow, and where else model.toml wants it shown."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from evergreen import tracking
from evergreen.contract.contract import Contract
from evergreen.metrics import Outcomes
from evergreen.settings.sections import ModelSettings, TrackingSettings
from training.fitting.decision import parameters_of
from training.fitting.evaluation import Evaluation
from training.lineage import Lineage


def log(
    settings: ModelSettings,
    estimator: Any,
    contract: Contract,
    evaluation: Evaluation,
    traced: Lineage,
    artifacts: list[Path],
    *,
    datasets: Mapping[str, pd.DataFrame],
    data: str,
) -> Lineage:
    """Log the training to MLflow; returns the lineage with the run and the registered version.

    Args:
        datasets: frames by what they were used for.
        data: where the table lies, a URI or a path.
    """
    logged = tracking.log_training(
        name=settings.name,
        version=traced.version,
        estimator=estimator,
        contract=contract,
        parameters=parameters_of(estimator),
        metrics={f"holdout_{name}": value for name, value in evaluation.holdout.items()}
        | {f"baseline_{name}": value for name, value in evaluation.baseline.items()},
        datasets=datasets,
        data_source=data,
        data_version=traced.data_version,
        tags={
            "data_version": traced.data_version,
            "git_commit": traced.git_commit,
            "source_sha256": traced.source_sha256,
            "settings_sha256": traced.settings_sha256,
        },
        artifacts=artifacts,
    )
    return replace(traced, mlflow_run_id=logged.run_id, mlflow_model_version=logged.model_version)


def mirror(
    settings: TrackingSettings,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
    traced: Lineage,
    outcomes: Outcomes,
    documents: list[Path],
    *,
    client: Callable[[str], Any],
) -> None:
    """Show the run at W&B too, and say on MLflow's run and in the log where it is, or why not.

    Args:
        metrics: what training has written into metrics.json.
        client: makes a client of an AWS service by its name.
    """
    # Imported here, since few trainings are mirrored.
    from training.mirroring.mirror import mirror as to_wandb
    from training.mirroring.record import record_of

    record = record_of(
        run_id=traced.mlflow_run_id,
        version=traced.version,
        parameters=parameters,
        metrics=metrics,
        lineage=asdict(traced),
        outcomes=outcomes,
        documents=documents,
    )
    words = str(to_wandb(record, settings, client))
    print(f"W&B: {words}", flush=True)
    # A mirror fails no training, and neither does what is said of it.
    try:
        tracking.tag(traced.mlflow_run_id, tracking.WANDB_TAG, words)
    except Exception as error:  # noqa: BLE001
        print(f"W&B: the MLflow run does not say so: {error}", flush=True)
