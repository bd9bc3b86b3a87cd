"""The usual web service: FastAPI, scikit-learn, pandas and a joblib file."""

import os
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI

model = joblib.load(os.environ["BENCHMARK_MODEL"])
app = FastAPI()


@app.post("/predict")
def predict(document: dict[str, list[dict[str, Any]]]) -> dict[str, list[float]]:
    return {"predictions": model.predict(pd.DataFrame(document["instances"])).tolist()}
