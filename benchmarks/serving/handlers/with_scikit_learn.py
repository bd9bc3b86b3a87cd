"""The usual function: scikit-learn, pandas and a joblib file."""

import json
import os

import joblib
import pandas as pd

model = joblib.load(os.environ["BENCHMARK_MODEL"])


def handler(event, context):  # noqa: ARG001 - the runtime passes both
    document = json.loads(event["body"])
    rows = [document["features"]] if "features" in document else document["instances"]
    predictions = model.predict(pd.DataFrame(rows)).tolist()
    return {"statusCode": 200, "body": json.dumps({"predictions": predictions})}
