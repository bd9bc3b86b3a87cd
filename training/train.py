"""Train: fit the estimator, measure it on the holdout, and write the bundle."""

import argparse
import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn

from evergreen import bundle, names, portable, tracking
from evergreen.contract import Contract
from evergreen.drift.calibration import calibrate
from evergreen.drift.comparison import compared_features
from evergreen.errors import InvalidSettings
from evergreen.metrics import Outcomes, measure_all
from evergreen.model_toml import read_settings
from evergreen.settings import ModelSettings
from training import job, prepare
from training.estimators import build, features_of, in_one_thread, logged_parameters


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Metrics on the holdout by name: the model's, and those of a model that knows only the target."""

    holdout: dict[str, float]
    baseline: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """What a version came from."""

    version: str
    git_commit: str
    image: str
    seed: int
    data_sha256: str
    settings_sha256: str
    libraries: dict[str, str]
    mlflow_run_id: str
    mlflow_model_version: str


def fit(train: pd.DataFrame, contract: Contract, settings: ModelSettings) -> Any:
    """The fitted estimator, with the preprocessing that it needs.

    Raises:
        InvalidSettings: the estimator has no such parameter, or refuses its value.
    """
    estimator = build(settings, contract)
    try:
        estimator.fit(features_of(train, contract), train[contract.target])
    except ValueError as error:
        raise InvalidSettings(f"{settings.estimator.type} cannot be fitted: {error}") from error
    return in_one_thread(estimator)


def predict(estimator: Any, rows: pd.DataFrame, contract: Contract) -> Outcomes:
    """What scikit-learn itself says of labelled rows."""
    features = features_of(rows, contract)
    return Outcomes(
        actual=rows[contract.target].tolist(),
        predicted=estimator.predict(features).tolist(),
        probabilities=estimator.predict_proba(features).tolist() if hasattr(estimator, "predict_proba") else (),
        classes=contract.classes,
    )


def baseline(train: pd.DataFrame, holdout: pd.DataFrame, contract: Contract) -> Outcomes:
    """What a model says that knows only the target: its mean, or its commonest class and the shares of all."""
    actual, target = holdout[contract.target].tolist(), train[contract.target]
    if not contract.classes:
        return Outcomes(actual=actual, predicted=[float(target.mean())] * len(actual))
    shares = target.value_counts(normalize=True)
    row = [float(shares[label]) for label in contract.classes]
    return Outcomes(
        actual=actual,
        predicted=[contract.classes[row.index(max(row))]] * len(actual),
        probabilities=[row] * len(actual),
        classes=contract.classes,
    )


def holdout_lines(holdout: pd.DataFrame, contract: Contract, outcomes: Outcomes) -> str:
    """The holdout as JSON lines, one bundle.HoldoutRow each: features as a request would carry them."""
    features = holdout[[feature.name for feature in contract.features]].astype(object)
    records = features.where(features.notna(), None).to_dict("records")
    rows = (
        bundle.HoldoutRow(
            features=record,
            actual=outcomes.actual[index],
            predicted=outcomes.predicted[index],
            probabilities=list(outcomes.probabilities[index]) if outcomes.probabilities else None,
        )
        for index, record in enumerate(records)
    )
    return "".join(json.dumps(asdict(row)) + "\n" for row in rows)


def calibrated_rules(holdout: pd.DataFrame, contract: Contract, settings: ModelSettings) -> dict[str, Any]:
    """The rules of drift and quality, and how often replays of the holdout without drift said "drift".

    Raises:
        InvalidSettings: the rule of drift would raise false alarms.
    """
    features = compared_features(contract.features, settings.drift)
    measured = calibrate(holdout, features, settings.drift, seed=settings.seed)
    return {
        "drift": asdict(settings.drift),
        "quality": asdict(settings.quality),
        "calibration": [each.as_dict() for each in measured],
    }


def run(prepared: Path, settings_file: Path, model_folder: Path, *, version: str, git_commit: str) -> Evaluation:
    """Train on a folder that Prepare wrote, log to MLflow, and write the bundle into model_folder."""
    settings = read_settings(settings_file)
    contract = Contract.from_json((prepared / prepare.CONTRACT).read_bytes())
    summary = json.loads((prepared / prepare.SUMMARY).read_text())
    train = pd.read_parquet(prepared / prepare.TRAIN)
    holdout = pd.read_parquet(prepared / prepare.HOLDOUT)

    estimator = fit(train, contract, settings)
    model = json.dumps(portable.export(estimator)).encode()
    outcomes = predict(estimator, holdout, contract)
    evaluation = Evaluation(
        holdout=measure_all(outcomes, task=contract.task),
        baseline=measure_all(baseline(train, holdout, contract), task=contract.task),
    )

    # Before anything is registered: a rule that cannot hold its promise ends the training.
    monitoring = calibrated_rules(holdout, contract, settings)
    run_ = tracking.log_training(
        name=settings.name,
        version=version,
        estimator=estimator,
        features=features_of(holdout.head(5), contract),
        parameters=logged_parameters(estimator),
        metrics={f"holdout_{name}": value for name, value in evaluation.holdout.items()}
        | {f"baseline_{name}": value for name, value in evaluation.baseline.items()},
        tags={"data_sha256": summary["data_sha256"], "git_commit": git_commit},
    )
    lineage = Lineage(
        version=version,
        git_commit=git_commit,
        image=os.environ.get("TRAINING_IMAGE", "unknown"),
        seed=settings.seed,
        data_sha256=summary["data_sha256"],
        settings_sha256=hashlib.sha256(settings_file.read_bytes()).hexdigest(),
        libraries={
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "pandas": pd.__version__,
        },
        mlflow_run_id=run_.run_id,
        mlflow_model_version=run_.model_version,
    )

    model_folder.mkdir(parents=True, exist_ok=True)
    (model_folder / bundle.MODEL).write_bytes(model)
    (model_folder / bundle.CONTRACT).write_bytes(contract.to_json())
    (model_folder / bundle.HOLDOUT).write_text(holdout_lines(holdout, contract, outcomes))
    trained_at = datetime.now(UTC).isoformat(timespec="seconds")
    metrics = {"metric": settings.metric, **asdict(evaluation), "rows": summary, "trained_at": trained_at}
    (model_folder / bundle.METRICS).write_text(json.dumps(metrics, indent=1))
    (model_folder / bundle.MONITORING).write_text(json.dumps(monitoring, indent=1))
    (model_folder / bundle.LINEAGE).write_text(json.dumps(asdict(lineage), indent=1))
    bundle.write_manifest(model_folder)
    return evaluation


def main() -> None:
    """The SageMaker training job."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", required=True)
    parser.add_argument("--git_commit", required=True)
    arguments, _ = parser.parse_known_args()
    base = job.base_folder()
    evaluation = run(
        base / "input" / "data" / names.CHANNEL_PREPARED,
        job.single_file(base / "input" / "data" / names.CHANNEL_SETTINGS),
        base / "model",
        version=arguments.version,
        git_commit=arguments.git_commit,
    )
    print(json.dumps(asdict(evaluation)))


if __name__ == "__main__":
    job.run(main, job.base_folder() / "output" / "failure")
