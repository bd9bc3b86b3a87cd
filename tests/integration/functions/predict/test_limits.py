"""Answers stay below the 6 MB that Lambda takes, whatever comes; of a row of extreme numbers there is none."""

import dataclasses
import json
import time
import timeit

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.feature_store.views import Typed, View
from evergreen.portable import export, load
from evergreen.versions.bundle import ServableModel
from functions.predict.body import MAX_BODY_BYTES, MAX_ROWS
from functions.predict.scoring import rows_a_request
from tests.integration.functions.predict.houses_store import FakeDynamoDB, Sum, store_of
from tests.integration.functions.predict.serving import CONTRACT, ROW, FakeModels

LAMBDA_BYTES = 6 * 1024 * 1024
# The longest escape for a character of four bytes.
WORST = "\U0001f600"


def length(answer):
    return len(json.dumps(answer.body, separators=(",", ":")))


@pytest.mark.parametrize(
    "features",
    [
        {**ROW, **{f"u{number}": 0 for number in range(70_000)}},
        {"city": "x" * 900_000, "rooms": 3},
        {"city": "\x01" * 150_000, "rooms": 3},
        {**ROW, "x" * 900_000: 1},
        {"city": [[0]] * 200_000, "rooms": {"a": 1}},
    ],
    ids=["many unknown fields", "a long text", "control characters", "a long name", "nested values"],
)
def test_a_request_of_nothing_but_faults_gets_a_short_answer(call, features):
    answer = call(json.dumps({"features": features}, separators=(",", ":")))

    assert answer.status == 422
    assert length(answer) < 50_000
    assert len(json.dumps(answer.logs)) < 50_000
    assert len(answer.body["errors"]) <= 100


def test_wrong_fields_in_many_rows_are_counted_over_all_of_them(call):
    answer = call({"instances": [{"rooms": "x"}] * 1000})

    assert len(answer.body["errors"]) == 100
    assert answer.body["detail"].endswith("; and 1997 more")
    (line,) = answer.logs
    assert (len(line["errors"]), line["more"]) == (100, 1900)


class Certain:
    """A classifier of many classes with the longest numbers that there are."""

    def __init__(self, classes):
        self.classes = classes

    def predict(self, _row):
        return self.classes[-1]

    def probabilities(self, _row):
        return [-1.2345678901234567e-308] * len(self.classes)


@pytest.mark.parametrize("classes", [2, 150, 5000])
def test_a_request_has_as_many_rows_as_one_answer_holds(call, classes):
    labels = tuple(f"{WORST * 5} {number}" for number in range(classes))
    features = tuple(
        Feature(name=f"{WORST * 20} {number}", type="category", missing_allowed=False, categories=("a",))
        for number in range(12)
    )
    contract = Contract(task="multiclass", target="t", features=features, classes=labels)
    most = rows_a_request(contract)
    models = FakeModels(model=ServableModel(contract, Certain(labels)))
    row = {feature.name: "" for feature in features}
    room = MAX_BODY_BYTES - len(json.dumps({"instances": [row] * most}, ensure_ascii=False).encode())
    row = {name: WORST * max(1, min(1000, room // (4 * most * len(row)))) for name in row}
    instances = [row] * most
    while len(json.dumps({"instances": instances}, ensure_ascii=False).encode()) > MAX_BODY_BYTES:
        instances.pop()

    answer = call(json.dumps({"instances": instances}, ensure_ascii=False), models=models)
    refused = call({"instances": [{}] * (most + 1)}, models=models)

    assert answer.status == 200
    assert length(answer) < LAMBDA_BYTES
    assert refused.status == 400
    assert f"1 to {most} rows" in refused.body["detail"]


def test_a_request_of_unknown_entities_alone_gets_an_answer_that_lambda_takes(call):
    features = tuple(
        Feature(name=f"{WORST * 20} {number}", type="number", missing_allowed=True, minimum=0, maximum=1)
        for number in range(12)
    )
    views = tuple(
        View(
            name=f"{number}" + "v" * 240,
            keys=(Typed("k" * 200, "string"), Typed(f"{WORST * 20}", "string")),
            features=(Typed(features[number].name, "double"),),
        )
        for number in range(12)
    )
    contract = Contract(task="regression", target="t", features=features, stored=views)
    most = rows_a_request(contract)
    model = FakeModels(model=ServableModel(contract, Sum()))
    row = {"entities": {key.name: WORST * 100 for key in views[0].keys}}
    instances = [row] * most
    body = json.dumps({"instances": instances}, ensure_ascii=False)

    answer = call(body, models=model, store=store_of(FakeDynamoDB()))

    assert answer.status == 200
    assert len(body.encode()) < MAX_BODY_BYTES
    assert length(answer) < LAMBDA_BYTES
    assert all(len(row["warnings"]) == 11 for row in answer.body["predictions"])


def test_a_model_with_few_classes_takes_a_thousand_rows():
    assert rows_a_request(dataclasses.replace(CONTRACT, classes=("large", "small"))) == MAX_ROWS


def test_a_row_of_extreme_numbers_is_refused_and_its_neighbours_are_named_by_their_place(call):
    table = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [0.0, 0.0, 1.0]})
    features = tuple(Feature(name=name, type="number", missing_allowed=False) for name in ("a", "b"))
    contract = Contract(task="regression", target="t", features=features)
    model = load(export(LinearRegression().fit(table, [0.0, 4.0, 13.0])), ("a", "b"))

    instances = [{"a": 1, "b": 1}, {"a": 1e308, "b": 1e308}]
    answer = call({"instances": instances}, models=FakeModels(model=ServableModel(contract, model)))

    assert answer.status == 422
    assert answer.body["errors"] == [
        {
            "field": "instances[1]",
            "got": "a result that is not finite",
            "expected": "numbers of which the model can make a finite result",
        }
    ]


def names_up_to(count, *, again=()):
    return "{" + ",".join(f'"n{number}":0' for number in (*range(count), *again)) + "}"


SHAPES = {
    "many names": lambda size: f'{{"features": {names_up_to(size)}}}',
    "the last name twice": lambda size: f'{{"features": {names_up_to(size, again=[size - 1])}}}',
    "many rows": lambda size: json.dumps({"instances": [{f"n{number}": 0 for number in range(size // 1000)}] * 1000}),
    "a long text": lambda size: json.dumps({"features": {"city": "x" * 10 * size, "rooms": 1}}),
    "a long name": lambda size: json.dumps({"features": {**ROW, "x" * 10 * size: 1}}),
    "a long list": lambda size: json.dumps({"features": {**ROW, "rooms": [[0]] * (2 * size)}}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_four_times_the_body_takes_no_more_than_about_four_times_as_long(call, shape):
    def seconds(size):
        body = SHAPES[shape](size)
        assert len(body) < MAX_BODY_BYTES
        # Of the processor, whatever else runs.
        return min(timeit.repeat(lambda: call(body), timer=time.process_time, number=1, repeat=5))

    # For what grows with the square it would be sixteen times.
    assert seconds(80_000) < 10 * max(seconds(20_000), 0.005)
