"""Train: fit the estimator, measure it on the holdout, and write the bundle."""

import argparse
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from threadpoolctl import threadpool_limits

from evergreen import names, portable, tracking_login
from evergreen.contract.contract import Contract
from evergreen.contract.feature import DATE, Feature
from evergreen.errors import InvalidSettings
from evergreen.judging.dependence import INDEPENDENT, Units
from evergreen.metrics import Outcomes
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import ModelSettings
from evergreen.versions import bundle
from training import job, lineage, prepare
from training.documents import model_card
from training.fitting.decision import decided, parameters_of, summary
from training.fitting.estimators import build, features_of, in_one_thread, take_weights
from training.fitting.evaluation import Evaluation, evaluate, predict
from training.fitting.preprocessing import encoded_by_target
from training.monitoring import monitoring_rules
from training.preparing.rows import TrainingRows
from training.preparing.units import from_columns
from training.preparing.weights import WEIGHT, for_fit
from training.reading.dates import texts_of_dates

# Rows that are turned into JSON at once.
_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The files that Prepare wrote, read, with the settings."""

    folder: Path
    settings_file: Path
    settings: ModelSettings
    contract: Contract
    summary: dict[str, Any]
    train_rows: TrainingRows
    holdout: pd.DataFrame
    holdout_units: Units

    @property
    def train(self) -> pd.DataFrame:
        return self.train_rows.table

    @classmethod
    def read(cls, folder: Path, settings_file: Path) -> "Inputs":
        rows = _training_rows(folder / prepare.TRAIN)
        holdout, holdout_units = from_columns(pd.read_parquet(folder / prepare.HOLDOUT))
        return cls(
            folder=folder,
            settings_file=settings_file,
            settings=read_settings(settings_file),
            contract=Contract.from_json((folder / prepare.CONTRACT).read_bytes()),
            summary=json.loads((folder / names.SUMMARY).read_text()),
            train_rows=rows,
            holdout=holdout,
            holdout_units=holdout_units,
        )


def _training_rows(file: Path) -> TrainingRows:
    table, units = from_columns(pd.read_parquet(file))
    weights = table.pop(WEIGHT).to_numpy() if WEIGHT in table else None
    return TrainingRows(table=table, units=units, weights=weights)


def fit(rows: TrainingRows, contract: Contract, settings: ModelSettings) -> Any:
    """Fit the estimator, with the preprocessing that it needs. No row is encoded by the targets of its own group.

    BLAS runs in one thread: how it divides a sum depends on the number of threads, and so does the last digit of a
    linear model. OpenMP keeps its threads: the trees of hist_gradient_boosting are the same with any number of them.

    Raises:
        InvalidSettings: the estimator has no such parameter, or refuses its value; or class_weight names no class.
    """
    groups = rows.units.groups if encoded_by_target(settings.preprocessing, contract) else None
    count = 0 if groups is None else len(np.unique(groups))
    estimator = build(settings, contract, groups=count)
    target = rows.table[contract.target]
    weights = for_fit(target, rows.weights, contract, settings.estimator)
    # Only routing hands groups on, and without them it ends in an error of TargetEncoder.
    routed = count > 1
    given: dict[str, Any] = {"groups": groups} if routed else {}
    if weights is not None:
        given["sample_weight" if routed else "estimator__sample_weight"] = weights
    try:
        with (
            threadpool_limits(limits=1, user_api="blas"),
            sklearn.config_context(enable_metadata_routing=routed),
        ):
            if routed and weights is not None:
                take_weights(estimator)
            estimator.fit(features_of(rows.table, contract), target, **given)
    except ValueError as error:
        raise InvalidSettings(f"{settings.estimator.type} cannot be fitted: {error}") from error
    return in_one_thread(estimator)


def holdout_lines(
    holdout: pd.DataFrame, contract: Contract, outcomes: Outcomes, units: Units = INDEPENDENT
) -> Iterator[str]:
    """The holdout as JSON lines, one bundle.HoldoutRow per line, with features as in a request."""
    features = pd.DataFrame(
        {feature.name: _as_requested(holdout[feature.name], feature) for feature in contract.features}
    )
    moments, groups = (None if unit is None else unit.tolist() for unit in (units.moments, units.groups))
    for index, record in enumerate(_records(features)):
        row = bundle.HoldoutRow(
            features=record,
            actual=outcomes.actual[index],
            predicted=outcomes.predicted[index],
            probabilities=list(outcomes.probabilities[index]) if outcomes.probabilities else None,
            moment=None if moments is None else moments[index],
            group=None if groups is None else groups[index],
        )
        yield json.dumps(asdict(row)) + "\n"


def _as_requested(column: pd.Series, feature: Feature) -> Any:
    if feature.type != DATE:
        return column.to_numpy()
    return pd.array(texts_of_dates(column, feature.form), dtype=object)


def _records(features: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as values of JSON; some at a time, since they take many times the memory of a frame."""
    for start in range(0, len(features), _AT_ONCE):
        some = features.iloc[start : start + _AT_ONCE].astype(object)
        yield from some.where(some.notna(), None).to_dict("records")


def run(
    prepared: Path, settings_file: Path, folder: Path, *, version: str, git_commit: str, data: str = ""
) -> Evaluation:
    """Train on the folder `prepared` that Prepare wrote, and write the bundle into `folder`.

    The training is logged to MLflow if MLFLOW_TRACKING_URI is set. Without it, only the bundle is written.

    Args:
        data: URI of the data that Prepare read, for MLflow; if empty, the path in model.toml.
    """
    inputs = Inputs.read(prepared, settings_file)
    settings, contract = inputs.settings, inputs.contract
    estimator = decided(fit, inputs.train_rows, contract, settings)
    # An estimator that cannot be served, or a drift rule that cannot be held, fails the job, before anything is written
    # or registered.
    model = json.dumps(portable.export(estimator)).encode()
    outcomes = predict(estimator, inputs.holdout, contract)
    evaluation = evaluate(
        estimator,
        outcomes,
        inputs.train,
        inputs.holdout,
        units=inputs.holdout_units,
        contract=contract,
        settings=settings,
    )
    monitoring = monitoring_rules(
        estimator,
        inputs.train,
        inputs.holdout,
        inputs.train_rows.units.then(inputs.holdout_units),
        evaluation.importance,
        contract=contract,
        settings=settings,
    )
    metrics = {
        "metric": settings.metric,
        **asdict(evaluation),
        **summary(estimator, outcomes, settings, units=inputs.train_rows.units),
        "promotion": asdict(settings.promotion),
        "rows": inputs.summary,
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    traced = lineage.trace(
        version=version,
        git_commit=git_commit,
        seed=settings.seed,
        data_version=inputs.summary["data_version"],
        settings_file=settings_file,
    )

    folder.mkdir(parents=True, exist_ok=True)
    (folder / bundle.MODEL).write_bytes(model)
    (folder / bundle.CONTRACT).write_bytes(contract.to_json())
    with (folder / bundle.HOLDOUT).open("w") as file:
        file.writelines(holdout_lines(inputs.holdout, contract, outcomes, inputs.holdout_units))
    (folder / bundle.METRICS).write_text(json.dumps(metrics, indent=1))
    (folder / bundle.MONITORING).write_text(json.dumps(monitoring, indent=1))
    for sheet in bundle.SHEET_FILES:
        shutil.copyfile(prepared / sheet, folder / sheet)
    if (prepared / prepare.REFIT).exists():
        _fit_again(inputs, folder)
    documents = model_card.write_card(
        folder, settings=settings, contract=contract, metrics=metrics, lineage=asdict(traced), outcomes=outcomes
    )
    if os.environ.get(names.TRACKING_URI):
        artifacts = [*documents, *(folder / sheet for sheet in bundle.SHEET_FILES)]
        # Imported here, since `dvc repro` and `evergreen reproduce` do not use MLflow.
        from training.tracked_run import log, mirror

        traced = log(
            settings,
            estimator,
            contract,
            evaluation,
            traced,
            artifacts,
            datasets={"training": inputs.train, "holdout": inputs.holdout},
            data=data or settings.data.path,
        )
        if settings.tracking.wandb:
            mirror(settings.tracking, parameters_of(estimator), metrics, traced, outcomes, artifacts, client=_client)
    (folder / bundle.LINEAGE).write_text(json.dumps(asdict(traced), indent=1))
    bundle.write_manifest(folder)
    return evaluation


def _fit_again(inputs: Inputs, folder: Path) -> None:
    """Fit the same recipe to the holdout as well. All that is measured stays about the model that did not know it."""
    contract = Contract.from_json((inputs.folder / prepare.REFIT_CONTRACT).read_bytes())
    estimator = decided(fit, _training_rows(inputs.folder / prepare.REFIT), contract, inputs.settings)
    outcomes = predict(estimator, inputs.holdout, contract)
    (folder / bundle.REFIT_MODEL).write_text(json.dumps(portable.export(estimator)))
    (folder / bundle.REFIT_CONTRACT).write_bytes(contract.to_json())
    with (folder / bundle.REFIT_HOLDOUT).open("w") as file:
        file.writelines(holdout_lines(inputs.holdout, contract, outcomes, inputs.holdout_units))


def _client(service: str) -> Any:
    # Imported here, since only a job with a secret needs it.
    import boto3

    return boto3.client(service)


def main() -> None:
    """The SageMaker training job; with --prepared it runs on any machine."""
    base = job.base_folder()
    parser = argparse.ArgumentParser(prog="python -m training.train", description="Train on what Prepare wrote.")
    parser.add_argument("--prepared", type=Path, help="the folder that Prepare wrote")
    parser.add_argument("--settings", type=Path, help="model.toml")
    parser.add_argument("--output", type=Path, default=base / "model", help="the bundle's folder")
    parser.add_argument("--version", default="local", help="the version's name")
    parser.add_argument("--data", default="", help="URI of the table's version, for MLflow")
    parser.add_argument("--git_commit", default=lineage.UNKNOWN, help="the commit of the code")
    # SageMaker may pass other arguments.
    arguments, _ = parser.parse_known_args()
    channels = base / "input" / "data"
    # Before the fit: a wrong secret must not end a finished one.
    tracking_login.log_in(_client)
    evaluation = run(
        arguments.prepared or channels / names.CHANNEL_PREPARED,
        arguments.settings or job.single_file(channels / names.CHANNEL_SETTINGS),
        arguments.output,
        version=arguments.version,
        git_commit=arguments.git_commit,
        data=arguments.data,
    )
    print(json.dumps({name: value for name, value in asdict(evaluation).items() if name in ("holdout", "baseline")}))


if __name__ == "__main__":
    job.run(main, "failure")
