"""NVIDIA's tritonclient, over HTTP: reads what is to be asked from stdin, prints what came."""

import json
import sys

import numpy as np
from tritonclient import http
from tritonclient.utils import InferenceServerException

given = json.load(sys.stdin)
client = http.InferenceServerClient(given["address"])
described = client.get_model_metadata(given["model"])
kinds = {"FP64": np.float64, "BYTES": np.object_, "BOOL": np.bool_}


def tensors(*, binary):
    found = []
    for each in described["inputs"]:
        values = [row[each["name"]] for row in given["rows"]]
        values = [np.nan if value is None else value for value in values]
        tensor = http.InferInput(each["name"], [len(values)], each["datatype"])
        tensor.set_data_from_numpy(np.array(values, dtype=kinds[each["datatype"]]), binary_data=binary)
        found.append(tensor)
    return found


def predicted(result):
    return {"predictions": result.as_numpy("predict").tolist(), "ids": result.as_numpy("prediction_id").tolist()}


def refused(name, version=""):
    try:
        client.infer(name, tensors(binary=False), model_version=version)
    except InferenceServerException as error:
        return str(error)
    return ""


asked = [http.InferRequestedOutput("predict", binary_data=True), http.InferRequestedOutput("prediction_id")]
print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "model ready": client.is_model_ready(given["model"]),
            "versions": described["versions"],
            # Its defaults: tensors as bytes behind the JSON, and the same asked for in the answer.
            "binary": predicted(client.infer(given["model"], tensors(binary=True))),
            "binary, outputs named": predicted(client.infer(given["model"], tensors(binary=True), outputs=asked)),
            "json": predicted(client.infer(given["model"], tensors(binary=False), request_id="7")),
            "version": predicted(
                client.infer(given["model"], tensors(binary=False), model_version=described["versions"][0])
            ),
            "another model": refused("flats"),
            "another version": refused(given["model"], "1"),
        }
    )
)
