"""Sends rows as predict-batch does, to an endpoint that answers as it is told; prints what came of it.

Input: `rows`, their number; `limit`, how many a request may have; `answers`, what comes first: a status, or the version
that answers. After them, the version that is asked for does.
"""

import json
import sys
import time

from integrations.kubeflow import endpoint

given = json.load(sys.stdin)
asked: list[int] = []
clock = [0.0]


def answer(_url, _method, _path, *, body, **_region):
    rows = body["instances"]
    asked.append(len(rows))
    if len(rows) > given["limit"]:
        return 400, {"detail": f"instances must hold 1 to {given['limit']} rows, got {len(rows)}"}
    next_ = given["answers"].pop(0) if given["answers"] else "v2"
    if isinstance(next_, int):
        return next_, {"message": "busy"}
    return 200, {"model_version": next_, "predictions": [{"prediction": [next_, row]} for row in rows]}


def sleep(seconds):
    clock[0] += seconds


endpoint.call_endpoint = answer
time.monotonic, time.sleep = lambda: clock[0], sleep
try:
    found = endpoint.predict_all("url", list(range(given["rows"])), "v2")
except RuntimeError as error:
    print(json.dumps({"error": str(error), "asked": asked}))
else:
    print(json.dumps({"predicted": [each["prediction"] for each in found], "asked": asked}))
