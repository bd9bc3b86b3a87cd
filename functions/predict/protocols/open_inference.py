"""The Open Inference Protocol, version 2, which Seldon, KServe and Triton speak:
https://github.com/kserve/open-inference-protocol

Each feature is a tensor of one value a row, as MLServer's PandasCodec sends a frame. Outputs are called as those of
MLServer's scikit-learn runtime; `prediction_id`, which POST /feedback takes, is one more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.errors import NoChampion
from evergreen.quoting import quoted
from functions.predict.answers import Answer, success
from functions.predict.body import MalformedRequest
from functions.predict.models import Served
from functions.predict.protocols import tensors
from functions.predict.protocols.call import Call, plain_error, require_known
from functions.predict.protocols.columns import rows_of
from functions.predict.protocols.tensors import BOOL, BYTES, FLOATS, FP64, INTEGERS, Tensor
from functions.predict.scoring import ScoredRow, rows_request

PREDICT, PROBABILITIES, ID = "predict", "predict_proba", "prediction_id"
_KNOWN = ("id", "parameters", "inputs", "outputs", "model_name", "model_version")
error = plain_error


def respond(call: Call) -> Answer:
    *_, last = call.route.split("/")
    if last == "v2":
        return success({"name": "evergreen", "version": "2", "extensions": ["binary_tensor_data"]})
    # Whoever answers is alive.
    if last == "live":
        return success({"live": True})
    if call.route == "GET /v2/health/ready":
        return _health(call)
    served = call.require_served(call.path("model"), call.path("version"))
    if last == "ready":
        return success({"name": call.name, "ready": True})
    return success(_infer(call, served) if last == "infer" else _metadata(call, served))


def _health(call: Call) -> Answer:
    try:
        call.champion()
    except NoChampion:
        return success({"ready": False}, status=503)
    return success({"ready": True})


def _metadata(call: Call, served: Served) -> dict[str, Any]:
    contract = served.model.contract
    return {
        "name": call.name,
        "versions": [served.champion.version],
        "platform": "evergreen",
        "inputs": [_described(feature.name, datatypes(feature)[0]) for feature in contract.features],
        "outputs": [_described(name, datatype, *wide) for name, datatype, *wide in _outputs(contract)],
    }


def _described(name: str, datatype: str, *wide: int) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, *wide]}


def _outputs(contract: Contract) -> list[tuple[Any, ...]]:
    """Name, datatype and, of one with several values a row, how many."""
    if not contract.classes:
        return [(PREDICT, FP64), (ID, BYTES)]
    return [(PREDICT, BYTES), (PROBABILITIES, FP64, len(contract.classes)), (ID, BYTES)]


def datatypes(feature: Feature) -> tuple[str, ...]:
    """Those that the feature comes in, the best first."""
    if feature.type == NUMBER:
        return FP64, *FLOATS, *INTEGERS
    return (BOOL, BYTES) if feature.is_boolean else (BYTES,)


def _infer(call: Call, served: Served) -> dict[str, Any]:
    contract, following = served.model.contract, b""
    if header := call.header(tensors.HEADER):
        event, following = tensors.split(call.event, header)
        call = Call(event=event, name=call.name, champion=call.champion, score=call.score)
    document = call.document()
    if not isinstance(document, dict):
        raise MalformedRequest('the body must be an object with "inputs"')
    require_known(document, _KNOWN)
    id_ = document.get("id")
    if not isinstance(id_, str | None):
        raise MalformedRequest('"id" must be text')
    asked = _asked(document.get("outputs"), contract)
    rows = _rows(tensors.read(document.get("inputs"), following), contract)
    scored = call.score(served, rows_request(rows, contract, list_name="rows"))
    return {
        "model_name": call.name,
        "model_version": served.champion.version,
        **({"id": id_} if id_ is not None else {}),
        "outputs": [output for output in _told(contract, scored) if output["name"] in asked],
    }


def _asked(outputs: Any, contract: Contract) -> list[str]:
    """The outputs that the answer has: those that were asked for, or all."""
    there = [name for name, *_ in _outputs(contract)]
    # What else one may say of an output is how its bytes are to come: they come as JSON, which every client takes.
    if outputs in (None, []):
        return there
    if not isinstance(outputs, list) or not all(isinstance(each, dict) and "name" in each for each in outputs):
        raise MalformedRequest('"outputs" must be a list of objects with a name')
    for each in outputs:
        if each["name"] not in there:
            name = quoted(str(each["name"]))
            raise MalformedRequest(f"there is no output {name}; there are {', '.join(there)}", quotes=True)
    return [each["name"] for each in outputs]


def _rows(given: Sequence[Tensor], contract: Contract) -> list[dict[str, Any]]:
    features = {feature.name: feature for feature in contract.features}
    columns: dict[str, Any] = {}
    for tensor in given:
        if tensor.name in columns:
            raise MalformedRequest(f"the tensor {quoted(tensor.name)} stands twice", quotes=True)
        # Of one that is no feature, each row will say so.
        if tensor.name in features and tensor.datatype not in (known := datatypes(features[tensor.name])):
            raise MalformedRequest(
                f"the tensor {quoted(tensor.name)} must have the datatype {' or '.join(dict.fromkeys(known))}, got "
                f"{tensor.datatype}"
            )
        columns[tensor.name] = tensor.values
    return rows_of(columns, where="tensors")


def _told(contract: Contract, scored: Sequence[ScoredRow]) -> list[dict[str, Any]]:
    values: Mapping[str, list[Any]] = {
        PREDICT: [row.prediction for row in scored],
        PROBABILITIES: [share for row in scored for share in (row.probabilities or {}).values()],
        ID: [row.prediction_id for row in scored],
    }
    return [
        {"name": name, "datatype": datatype, "shape": [len(scored), *wide], "data": values[name]}
        for name, datatype, *wide in _outputs(contract)
        if len(values[name]) >= len(scored)
    ]
