"""Converts a joblib file to ONNX. Runs in the environment `onnx_conversion`.

python to_onnx.py <model.joblib> <features> <model.onnx>
"""

import sys
from pathlib import Path

import joblib
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

source, features, target = sys.argv[1:]
converted = to_onnx(joblib.load(source), initial_types=[("rows", FloatTensorType([None, int(features)]))])
Path(target).write_bytes(converted.SerializeToString())
