"""Bundles for tests: a model of no trees, which predicts one number whatever the row."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.feature_store.views import View
from evergreen.judging.card_decision import CARD_FILES, MARK
from evergreen.judging.promotion import SHEET_FILES
from evergreen.settings.sections import PromotionSettings
from evergreen.versions.bundle import (
    CONTRACT,
    HOLDOUT,
    LINEAGE,
    MANIFEST,
    METRICS,
    MODEL,
    MONITORING,
    REFIT_CONTRACT,
    REFIT_HOLDOUT,
    REFIT_MODEL,
)

TRUTH = 10.0
ROWS = 12


def constant_bundle(
    prediction: float,
    *,
    feature: str = "rooms",
    truths: Sequence[float] = (TRUTH,) * ROWS,
    towns: Sequence[str | None] = (),
    claimed: float | None = None,
    baseline: float | None = None,
    promotion: PromotionSettings | None = None,
    mlflow_version: str = "1",
    mlflow_run: str = "run",
    views: Sequence[View] = (),
) -> dict[str, bytes]:
    """The files of a bundle, by name. The metric is mae, the baseline's 5.

    Args:
        feature: the one number that the model reads.
        truths: of the holdout rows.
        towns: of the holdout rows; without them, town is no feature. It may be null if one of them is.
        claimed: what scikit-learn is said to predict, if not the same.
        views: feature views that the model was trained with.
        baseline: what the baseline predicts of each row; without it, the bundle is one of an earlier release.
    """
    number = Feature(name=feature, type=NUMBER, missing_allowed=False)
    seen = tuple(sorted({town for town in towns if town is not None}))
    town = Feature(name="town", type=CATEGORY, missing_allowed=None in towns, categories=seen)
    features = (number, town) if towns else (number,)
    contract = Contract(task="regression", target="price", features=features, stored=tuple(views))
    model = {
        "format": 1,
        "features": [each.name for each in features],
        "scorer": {"family": "hist_gradient_boosting", "categories": [], "baselines": [prediction], "trees": [[]]},
        "task": "regression",
        "classes": None,
        "links": [],
        "zero_is_positive": False,
        "steps": [],
    }
    rows = [
        {
            "features": {feature: 1.0} | ({"town": towns[place]} if towns else {}),
            "actual": truth,
            "predicted": prediction if claimed is None else claimed,
        }
        for place, truth in enumerate(truths)
    ]
    metrics = {
        "metric": "mae",
        "holdout": {"mae": sum(abs(prediction - truth) for truth in truths) / len(truths)},
        "baseline": {"mae": 5.0},
        "promotion": asdict(promotion or PromotionSettings()),
        "rows": {"train_rows": 100, "holdout_rows": len(truths)},
    }
    if baseline is not None:
        metrics["baseline"] = {"mae": sum(abs(baseline - truth) for truth in truths) / len(truths)}
        metrics["baseline_model"] = {"predicted": baseline, "probabilities": []}
    lineage = {
        "mlflow_run_id": mlflow_run,
        "mlflow_model_version": mlflow_version,
        "data_version": "d" * 32,
        "settings_sha256": "5" * 64,
        "source_sha256": "0" * 64,
        "git_commit": "c" * 40,
    }
    return signed(
        {
            MODEL: json.dumps(model).encode(),
            CONTRACT: contract.to_json(),
            HOLDOUT: "".join(json.dumps(row) + "\n" for row in rows).encode(),
            METRICS: json.dumps(metrics).encode(),
            MONITORING: b"{}",
            LINEAGE: json.dumps(lineage).encode(),
            **dict.fromkeys(CARD_FILES, f"Card\n\n{MARK}\n".encode()),
            **dict.fromkeys(SHEET_FILES, b"Sheet\n"),
        }
    )


def with_refit(files: dict[str, bytes], again: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a bundle with the model of another as the one that was fitted again."""
    refit = {REFIT_MODEL: again[MODEL], REFIT_CONTRACT: again[CONTRACT], REFIT_HOLDOUT: again[HOLDOUT]}
    return signed({**files, **refit})


def signed(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with a manifest that fits them: what training writes, or somebody with write access could leave."""
    others = {name: content for name, content in files.items() if name != MANIFEST}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in others.items()}
    return {**others, MANIFEST: json.dumps(digests).encode()}


def changed(files: dict[str, bytes], name: str, **values: Any) -> dict[str, bytes]:
    """The files, signed again, with some keys of a JSON object changed."""
    return signed({**files, name: json.dumps({**json.loads(files[name]), **values}).encode()})
