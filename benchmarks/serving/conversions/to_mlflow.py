"""Saves a joblib file as an MLflow model. Runs in the environment `mlflow`.

python to_mlflow.py <model.joblib> <rows.json> <folder>
"""

import json
import sys
from pathlib import Path

import joblib
import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature

source, rows_file, folder = sys.argv[1:]
model = joblib.load(source)
rows = pd.DataFrame(json.loads(Path(rows_file).read_text()))
mlflow.sklearn.save_model(
    model,
    folder,
    signature=infer_signature(rows, model.predict(rows)),
    serialization_format="cloudpickle",
    # Given here, so that MLflow does not start another Python to infer them.
    pip_requirements=["mlflow", "scikit-learn", "pandas"],
)
