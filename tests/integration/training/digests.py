"""Prints a digest of the fit of every estimator, as JSON."""

import hashlib
import json

import numpy as np
import pandas as pd

from evergreen import portable
from evergreen.metrics import REGRESSION
from evergreen.settings.sections import ESTIMATORS, DataSettings, EstimatorSettings, ModelSettings, SplitSettings
from training.preparing import contract_inference
from training.preparing.rows import TrainingRows
from training.train import fit

# Enough that BLAS divides the work among its threads.
ROWS, NUMBERS = 20_000, 30
# A few trees are enough.
SMALL = {
    "hist_gradient_boosting": {"max_iter": 5},
    "gradient_boosting": {"n_estimators": 3},
    "random_forest": {"n_estimators": 3, "max_depth": 6, "n_jobs": 2},
    "extra_trees": {"n_estimators": 3, "max_depth": 6, "n_jobs": 2},
    "decision_tree": {"max_depth": 6},
    "linear_svm": {"max_iter": 20},
}


def digests() -> dict[str, str]:
    """By task and estimator."""
    generator = np.random.default_rng(0)
    features = pd.DataFrame({f"x{number}": generator.normal(size=ROWS) for number in range(NUMBERS)})
    features["city"] = generator.choice(list("abcdefgh"), ROWS).astype(object)
    price = 2 * features.x0 + features.x1 - features.x2**2 + generator.normal(size=ROWS)
    found = {}
    for task, estimators in ESTIMATORS.items():
        rows = features.assign(y=price if task == REGRESSION else np.where(price > 0, "up", "down").astype(object))
        for estimator in estimators:
            settings = ModelSettings(
                name="any",
                data=DataSettings(path="any.csv", target="y"),
                split=SplitSettings(),
                task=task,
                estimator=EstimatorSettings(type=estimator, parameters=SMALL.get(estimator, {})),
            )
            contract = contract_inference.infer(rows, rows, settings, file="any.csv")
            fitted = fit(TrainingRows(table=rows), contract, settings)
            model = json.dumps(portable.export(fitted)).encode()
            found[f"{task} {estimator}"] = hashlib.sha256(model).hexdigest()
    return found


if __name__ == "__main__":
    print(json.dumps(digests()))
