"""Bundles for tests: a model of no trees, which predicts one number whatever the row."""

import hashlib
import json

from evergreen.bundle import CONTRACT, HOLDOUT, LINEAGE, MANIFEST, METRICS, MODEL, MONITORING
from evergreen.contract import NUMBER, Contract, Feature

TRUTH = 10.0


def constant_bundle(
    prediction: float, *, feature: str = "rooms", claimed: float | None = None, mlflow_version: str = "1"
) -> dict[str, bytes]:
    """The files of a bundle, by name. The only holdout row's truth is TRUTH; the metric is mae, the baseline's 5.

    Args:
        claimed: what scikit-learn is said to predict, if not the same.
    """
    contract = Contract(
        task="regression", target="price", features=(Feature(name=feature, type=NUMBER, missing_allowed=False),)
    )
    model = {
        "format": 1,
        "features": [feature],
        "scorer": {"family": "hist_gradient_boosting", "categories": [], "baselines": [prediction], "trees": [[]]},
        "task": "regression",
        "classes": None,
        "links": [],
        "zero_is_positive": False,
        "steps": [],
    }
    row = {"features": {feature: 1.0}, "actual": TRUTH, "predicted": prediction if claimed is None else claimed}
    metrics = {"metric": "mae", "holdout": {"mae": abs(prediction - TRUTH)}, "baseline": {"mae": 5.0}}
    files = {
        MODEL: json.dumps(model).encode(),
        CONTRACT: contract.to_json(),
        HOLDOUT: (json.dumps(row) + "\n").encode(),
        METRICS: json.dumps(metrics).encode(),
        MONITORING: b"{}",
        LINEAGE: json.dumps({"mlflow_model_version": mlflow_version}).encode(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {**files, MANIFEST: json.dumps(digests).encode()}
