"""MLServer's codecs: a frame and its columns as they encode them. Reads rows from stdin, prints what came."""

import json
import sys

import httpx
import numpy as np
import pandas as pd
from mlserver.codecs import NumpyCodec, PandasCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

given = json.load(sys.stdin)
url = f"{given['url']}/v2/models/{given['model']}/infer"
frame = pd.DataFrame(given["rows"])


def infer(request):
    answer = httpx.post(url, content=request.model_dump_json(exclude_none=True), timeout=30)
    assert answer.status_code == 200, answer.text
    response = InferenceResponse.model_validate(answer.json())
    return {output.name: list(output.data) for output in response.outputs}


columns = [
    StringCodec.encode_input(name, column.tolist())
    if column.dtype == object
    else NumpyCodec.encode_input(name, column.to_numpy(dtype=np.float64))
    for name, column in frame.items()
]
print(
    json.dumps(
        {"frame": infer(PandasCodec.encode_request(frame)), "columns": infer(InferenceRequest(inputs=columns))},
        default=lambda value: np.asarray(value).tolist(),
    )
)
