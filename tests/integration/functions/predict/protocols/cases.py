"""Every kind of request of each protocol, for the tables in docs/integrations/conformance.md."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.integration.functions.predict.protocols.conftest import OTHER, ROW

ROWS = [ROW, OTHER]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROW}
TYPES = {"city": "BYTES", "rooms": "INT64", "garden": "FP64", "new": "BOOL", "sold": "BYTES"}
TENSORS = [{"name": name, "shape": [2], "datatype": type_, "data": COLUMNS[name]} for name, type_ in TYPES.items()]
SPLIT = {"columns": list(ROW), "data": [list(row.values()) for row in ROWS]}
MANY = [ROW] * 1001
PREDICT, CLASSIFY, REGRESS = (f"/v1/models/houses:{method}" for method in ("predict", "classify", "regress"))
INFER, INVOKE = "/v2/models/houses/infer", "/invocations"


@dataclass(frozen=True)
class Case:
    """A kind of request, in the words of the table."""

    words: str
    path: str
    body: Any = None
    status: int = 200
    classifies: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"


def row(**changes: Any) -> list[dict[str, Any]]:
    return [{**ROW, **changes}, OTHER]


def without(name: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in each.items() if key != name} for each in ROWS]


def tensors(name: str, **changes: Any) -> dict[str, Any]:
    return {"inputs": [{**each, **changes} if each["name"] == name else each for each in TENSORS]}


def text(document: Any, old: str, new: str) -> str:
    written = json.dumps(document)
    assert old in written
    return written.replace(old, new)


TENSORFLOW = [
    Case("status", "/v1/models/houses"),
    Case("status of the served version", "/v1/models/houses/versions/v7"),
    Case("metadata", "/v1/models/houses/metadata"),
    Case("predict, by rows", PREDICT, {"instances": ROWS}),
    Case("predict, by columns", PREDICT, {"inputs": COLUMNS}),
    Case("predict, a version in the path", "/v1/models/houses/versions/v7:predict", {"instances": ROWS}),
    Case("predict, with its `signature_name`", PREDICT, {"signature_name": "serving_default", "inputs": COLUMNS}),
    Case("classify, of a classification", CLASSIFY, {"examples": ROWS}, classifies=True),
    Case("regress, of a regression", REGRESS, {"examples": ROWS}),
    Case("regress, with a `context`", REGRESS, {"context": {"city": "Waco"}, "examples": without("city")}),
    Case("a text as `{\"b64\": ...}`", PREDICT, {"instances": row(city={"b64": "QXVzdGlu"})}),
    Case("NaN", PREDICT, text({"instances": ROWS}, "200.5", "NaN")),
    Case("null in a feature that may be missing", PREDICT, {"instances": row(garden=None)}),
    Case("null in one that may not", PREDICT, {"instances": row(rooms=None)}, 400),
    Case("Infinity", PREDICT, text({"instances": ROWS}, "200.5", "Infinity"), 400),
    Case("a text for a number", PREDICT, {"instances": row(rooms="3")}, 400),
    Case("a number for a text", PREDICT, {"instances": row(city=3)}, 400),
    Case("a missing input", PREDICT, {"instances": without("rooms")}, 400),
    Case("an extra input", PREDICT, {"instances": row(colour="red")}, 400),
    Case("a missing column", PREDICT, {"inputs": {k: v for k, v in COLUMNS.items() if k != "rooms"}}, 400),
    Case("columns of several lengths", PREDICT, {"inputs": {**COLUMNS, "rooms": [3]}}, 400),
    Case("a column of several values a row", PREDICT, {"inputs": {**COLUMNS, "rooms": [[3, 4], [5, 6]]}}, 400),
    Case("rows as lists", PREDICT, {"instances": SPLIT["data"]}, 400),
    Case("rows and columns", PREDICT, {"instances": ROWS, "inputs": COLUMNS}, 400),
    Case("no row", PREDICT, {"instances": []}, 400),
    Case("1,001 rows", PREDICT, {"instances": MANY}, 400),
    Case("another signature", PREDICT, {"signature_name": "mine", "instances": ROWS}, 400),
    Case("classify, of a regression", CLASSIFY, {"examples": ROWS}, 400),
    Case("regress, of a classification", REGRESS, {"examples": ROWS}, 400, classifies=True),
    Case("another method", "/v1/models/houses:explain", {"instances": ROWS}, 400),
    Case("another model", "/v1/models/flats:predict", {"instances": ROWS}, 404),
    Case("another version", "/v1/models/houses/versions/1:predict", {"instances": ROWS}, 404),
    Case("a body that is no JSON", PREDICT, "{", 400),
    Case("a compressed body", PREDICT, {"instances": ROWS}, 400, headers={"content-encoding": "gzip"}),
]  # fmt: skip

OPEN_INFERENCE = [
    Case("server metadata", "/v2"),
    Case("live", "/v2/health/live"),
    Case("ready", "/v2/health/ready"),
    Case("model metadata", "/v2/models/houses"),
    Case("model ready", "/v2/models/houses/ready"),
    Case("infer, a tensor [n] a feature", INFER, {"inputs": TENSORS}),
    Case("infer, tensors [n, 1]", INFER, {"inputs": [{**each, "shape": [2, 1]} for each in TENSORS]}),
    Case("infer, as PandasCodec sends a frame", INFER, {"parameters": {"content_type": "pd"}, "inputs": TENSORS}),
    Case("infer, a version in the path", "/v2/models/houses/versions/v7/infer", {"inputs": TENSORS}),
    Case("infer, of a classification", INFER, {"inputs": TENSORS}, classifies=True),
    Case("infer, one of the outputs", INFER, {"inputs": TENSORS, "outputs": [{"name": "predict"}]}),
    Case("FP16, FP32, FP64, INT8 to INT64, UINT8 to UINT64 for a number", INFER, tensors("rooms", datatype="UINT8")),
    Case("BYTES for true and false", INFER, tensors("new", datatype="BYTES", data=["true", "false"])),
    Case("`content_type` pd_json", INFER, tensors(
        "city", data=['"Austin"', '"Waco"'], parameters={"content_type": "pd_json"})),
    Case("`content_type` base64", INFER, tensors(
        "city", data=["QXVzdGlu", "V2Fjbw=="], parameters={"content_type": "base64"})),
    Case("null in a feature that may be missing", INFER, tensors("garden", data=[None, 1])),
    Case("NaN there", INFER, text({"inputs": TENSORS}, "200.5", "NaN")),
    Case("null in one that may not", INFER, tensors("rooms", data=[None, 1]), 400),
    Case("a fraction in an INT64", INFER, tensors("rooms", data=[1.5, 1]), 400),
    Case("a text in an FP64", INFER, tensors("garden", data=["1", 1]), 400),
    Case("BYTES for a number", INFER, tensors("rooms", datatype="BYTES", data=["1", "2"]), 400),
    Case("FP64 for a text", INFER, tensors("city", datatype="FP64", data=[1, 2]), 400),
    Case("an unknown datatype", INFER, tensors("rooms", datatype="BF16"), 400),
    Case("a missing tensor", INFER, {"inputs": TENSORS[1:]}, 400),
    Case("an extra tensor", INFER, {"inputs": [*TENSORS, {**TENSORS[0], "name": "colour"}]}, 400),
    Case("a tensor twice", INFER, {"inputs": [*TENSORS, TENSORS[0]]}, 400),
    Case("data that does not fit the shape", INFER, tensors("rooms", data=[1]), 400),
    Case("tensors of several lengths", INFER, tensors("rooms", shape=[1], data=[1]), 400),
    Case("ragged data", INFER, tensors("rooms", data=[[1], [2, 3]]), 400),
    Case("one tensor of all features", INFER, {"inputs": [
        {"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3, 4]}]}, 400),
    Case("1,001 rows", INFER, {"inputs": [
        {**each, "shape": [1001], "data": [each["data"][0]] * 1001} for each in TENSORS]}, 400),
    Case("no tensor", INFER, {"inputs": []}, 400),
    Case("an unknown output", INFER, {"inputs": TENSORS, "outputs": [{"name": "classes"}]}, 400),
    Case("packed data that is not there", INFER, tensors("rooms", parameters={"binary_data_size": 16}), 400,
         headers={"inference-header-content-length": "7"}),
    Case("another model", "/v2/models/flats/infer", {"inputs": TENSORS}, 404),
    Case("another version", "/v2/models/houses/versions/1/infer", {"inputs": TENSORS}, 404),
    Case("a body that is no JSON", INFER, "{", 400),
]  # fmt: skip

MLFLOW = [
    Case("ping", "/ping"),
    Case("version", "/version"),
    Case("`dataframe_split`", INVOKE, {"dataframe_split": SPLIT}),
    Case("`dataframe_records`", INVOKE, {"dataframe_records": ROWS}),
    Case("`instances`, rows by name", INVOKE, {"instances": ROWS}),
    Case("`inputs`, columns by name", INVOKE, {"inputs": COLUMNS}),
    Case("`inputs`, rows by name", INVOKE, {"inputs": ROWS}),
    Case("a classification", INVOKE, {"dataframe_split": SPLIT}, classifies=True),
    Case("NaN", INVOKE, text({"dataframe_split": SPLIT}, "200.5", "NaN")),
    Case("null in a feature that may be missing", INVOKE, {"dataframe_records": row(garden=None)}),
    Case("null in one that may not", INVOKE, {"dataframe_records": row(rooms=None)}, 400),
    Case("a text for a number", INVOKE, {"dataframe_records": row(rooms="3")}, 400),
    Case("a number for a text", INVOKE, {"dataframe_records": row(city=3)}, 400),
    Case("a missing column", INVOKE, {"dataframe_records": without("rooms")}, 400),
    Case("an extra column", INVOKE, {"dataframe_records": row(colour="red")}, 400),
    Case("a row of another length", INVOKE, {"dataframe_split": {**SPLIT, "data": [[1], [2, 3]]}}, 400),
    Case("columns of several lengths", INVOKE, {"inputs": {**COLUMNS, "rooms": [3]}}, 400),
    Case("a column's name twice", INVOKE, {"dataframe_split": {**SPLIT, "columns": ["city"] * 5}}, 400),
    Case("rows as lists", INVOKE, {"instances": SPLIT["data"]}, 400),
    Case("two forms at once", INVOKE, {"instances": ROWS, "inputs": COLUMNS}, 400),
    Case("`params`", INVOKE, {"instances": ROWS, "params": {"alpha": 1}}, 400),
    Case("no row", INVOKE, {"dataframe_records": []}, 400),
    Case("1,001 rows", INVOKE, {"dataframe_records": MANY}, 400),
    Case("CSV", INVOKE, "city,rooms\nAustin,3\n", 415, headers={"content-type": "text/csv"}),
    Case("a body that is no JSON", INVOKE, "{", 400),
]
PROTOCOLS = {
    "TensorFlow Serving's REST interface": TENSORFLOW,
    "Open Inference Protocol, version 2": OPEN_INFERENCE,
    "MLflow's scoring server": MLFLOW,
}
