"""KServe's client, in both versions of its protocol: reads what is to be asked from stdin, prints what came."""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

given = json.load(sys.stdin)
base = f"http://{given['address']}"
kinds = {"FP64": np.float64, "BYTES": np.object_}


def tensors(inputs, *, binary):
    for each in inputs:
        values = [np.nan if (value := row[each["name"]]) is None else value for row in given["rows"]]
        tensor = InferInput(each["name"], [len(values)], each["datatype"])
        tensor.set_data_from_numpy(np.array(values, dtype=kinds[each["datatype"]]), binary_data=binary)
        yield tensor


async def version_1():
    client = InferenceRESTClient(RESTConfig(protocol="v1", retries=1))
    try:
        await client.infer(base, {"instances": [{}]}, model_name=given["model"])
        refused = ""
    except httpx.HTTPStatusError as error:
        refused = str(error)
    answer = await client.infer(base, {"instances": given["rows"]}, model_name=given["model"])
    ready = await client.is_model_ready(base, given["model"])
    return {"ready": ready, "predictions": answer["predictions"], "refused": refused}


async def version_2():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=1))
    async with httpx.AsyncClient() as plain:
        described = (await plain.get(f"{base}/v2/models/{given['model']}")).json()
    found = {
        "live": await client.is_server_live(base),
        "ready": await client.is_server_ready(base),
        "model ready": await client.is_model_ready(base, given["model"]),
    }
    for words, binary in (("binary", True), ("json", False)):
        request = InferRequest(given["model"], list(tensors(described["inputs"], binary=binary)))
        answer = await client.infer(base, request, model_name=given["model"])
        found[words] = next(output.data for output in answer.outputs if output.name == "predict")
    return found


async def main():
    return {"v1": await version_1(), "v2": await version_2()}


print(json.dumps(asyncio.run(main()), default=lambda value: np.asarray(value).tolist()))
