"""onnxruntime and numpy. The city is encoded here, because the converted model takes numbers only."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime

folder = Path(os.environ["BENCHMARK_MODEL"])
columns = json.loads((folder / "columns.json").read_text())
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])


def handler(event, context):  # noqa: ARG001 - the runtime passes both
    document = json.loads(event["body"])
    rows = [document["features"]] if "features" in document else document["instances"]
    matrix = np.array([[_number(name, row[name]) for name in columns] for row in rows], dtype=np.float32)
    predictions = session.run(None, {"rows": matrix})[0].ravel().tolist()
    return {"statusCode": 200, "body": json.dumps({"predictions": predictions})}


def _number(name, value):
    codes = columns[name]
    if codes is None:
        return np.nan if value is None else value
    return codes.get(value, np.nan)
