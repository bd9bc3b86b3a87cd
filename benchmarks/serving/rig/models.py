"""Trains the models to measure: the template's own model, and synthetic ones of other sizes."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from benchmarks.places import BUILD, CHECKOUT
from benchmarks.serving.rig.environments import HERE, PeerUnavailable, peer_python
from evergreen import names, portable
from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import DriftSettings, ModelSettings, PromotionSettings, QualitySettings
from evergreen.versions import bundle
from evergreen.versions.champion import Champion
from training import prepare, train
from training.reading.table import read_table

Row = dict[str, Any]
_SYNTHETIC_ROWS = 3000


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A fitted estimator, the bundle made from it, and rows that it was not fitted on."""

    name: str
    estimator: Any
    contract: Contract
    objects: dict[str, bytes]
    rows: list[Row]
    predictions: list[float]


@dataclass(frozen=True, kw_only=True)
class PeerModels:
    """Files of the same model for the peers; None if it could not be converted, with the reason in `missing`."""

    joblib: Path
    onnx: Path | None
    mlflow: Path | None
    missing: dict[str, str]


def template_model(*, trees: int | None = None) -> Trained:
    """The model of model.toml, with its own number of trees or the one given."""
    settings = read_settings(CHECKOUT / "model.toml")
    if trees is not None:
        parameters = {**settings.estimator.parameters, "max_iter": trees, "early_stopping": False}
        settings = replace(settings, estimator=replace(settings.estimator, parameters=parameters))
    table = read_table(CHECKOUT / settings.data.path)
    return _trained(table, settings, name=settings.name if trees is None else f"trees-{trees}")


def synthetic_model(*, features: int) -> Trained:
    """A model of 100 trees on this many numeric features."""
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(_SYNTHETIC_ROWS, features)).round(4)
    target = numbers[:, :5].sum(axis=1) + numbers[:, 0] * numbers[:, 1] + generator.normal(size=_SYNTHETIC_ROWS) * 0.1
    table = pd.DataFrame(numbers, columns=[f"f{index}" for index in range(features)])
    table = table.assign(target=target, moment=range(_SYNTHETIC_ROWS)).astype(str)
    settings = read_settings(CHECKOUT / "model.toml")
    settings = replace(
        settings,
        data=replace(settings.data, target="target", leave_out=["moment"]),
        split=replace(settings.split, by="moment"),
        promotion=PromotionSettings(),
        drift=DriftSettings(),
        quality=QualitySettings(),
        estimator=replace(
            settings.estimator, type="hist_gradient_boosting", parameters={"max_iter": 100, "early_stopping": False}
        ),
    )
    return _trained(table, settings, name=f"features-{features}")


def _trained(table: pd.DataFrame, settings: ModelSettings, *, name: str) -> Trained:
    prepared = prepare.prepare(table, settings, file=name)
    estimator = train.fit(prepared.train_rows, prepared.contract, settings)
    holdout = prepared.holdout[[feature.name for feature in prepared.contract.features]].head(1000)
    present = holdout.astype(object)
    return Trained(
        name=name,
        estimator=estimator,
        contract=prepared.contract,
        objects=objects_of(name, estimator, prepared.contract),
        rows=present.where(present.notna(), None).to_dict("records"),
        predictions=estimator.predict(holdout).tolist(),
    )


def objects_of(name: str, estimator: Any, contract: Contract) -> dict[str, bytes]:
    """By key: the files of the bundle that the predict function reads, and the pointer to them."""
    model = json.dumps(portable.export(estimator)).encode()
    prefix = f"{names.bundles_prefix(name)}1/"
    champion = Champion(
        version="1",
        bundle=prefix,
        digest=bundle.model_digest(model, contract.to_json()),
        promoted_at="2026-01-01T00:00:00Z",
    )
    return {
        names.champion_key(name): champion.to_json(),
        f"{prefix}{bundle.MODEL}": model,
        f"{prefix}{bundle.CONTRACT}": contract.to_json(),
    }


def peer_models(model: Trained) -> PeerModels:
    """The same model in the formats that the peers load. For onnxruntime, cities are encoded as numbers."""
    folder = BUILD / "models"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "model.joblib"
    joblib.dump(model.estimator, file)
    missing: dict[str, str] = {}
    onnx: Path | None = folder / "onnx"
    mlflow: Path | None = folder / "mlflow"
    try:
        _convert_to_onnx(model, folder / "onnx")
    except PeerUnavailable as error:
        onnx, missing["onnxruntime"] = None, str(error)
    try:
        _save_with_mlflow(model, file, folder)
    except PeerUnavailable as error:
        mlflow, missing["mlflow"] = None, str(error)
    return PeerModels(joblib=file, onnx=onnx, mlflow=mlflow, missing=missing)


def _convert_to_onnx(model: Trained, folder: Path) -> None:
    """Refit with each category encoded as a number: converted native categoricals take no text, and differ."""
    folder.mkdir(exist_ok=True)
    settings = read_settings(CHECKOUT / "model.toml")
    prepared = prepare.prepare(read_table(CHECKOUT / settings.data.path), settings, file=model.name)
    codes: dict[str, dict[str, int] | None] = {}
    matrix = []
    for feature in model.contract.features:
        column = prepared.train[feature.name]
        if feature.type == CATEGORY:
            codes[feature.name] = {value: code for code, value in enumerate(feature.categories)}
            column = column.map(codes[feature.name])
        else:
            codes[feature.name] = None
        matrix.append(column.to_numpy(dtype="float64"))
    fitted = model.estimator[-1]
    plain = type(fitted)(**{**fitted.get_params(), "categorical_features": None})
    plain.fit(np.column_stack(matrix), prepared.train[model.contract.target])
    joblib.dump(plain, folder / "plain.joblib")
    (folder / "columns.json").write_text(json.dumps(codes))
    _convert("onnx_conversion", "to_onnx.py", [folder / "plain.joblib", str(len(matrix)), folder / "model.onnx"])


def _save_with_mlflow(model: Trained, file: Path, folder: Path) -> None:
    rows = folder / "rows.json"
    rows.write_text(json.dumps(model.rows[:20]))
    target = folder / "mlflow"
    shutil.rmtree(target, ignore_errors=True)
    _convert("mlflow", "to_mlflow.py", [file, rows, target])


def _convert(environment: str, script: str, arguments: Sequence[str | Path]) -> None:
    command = [peer_python(environment), HERE / "conversions" / script, *arguments]
    finished = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=300)
    if finished.returncode:
        raise PeerUnavailable(f"{script}: {finished.stderr.strip()[-500:]}")
