"""Bodies that are not what they should be."""

import base64
import json

import pytest

from evergreen import names
from functions.predict.body import MAX_BODY_BYTES
from tests.integration.functions.predict.serving import ROW, value


@pytest.mark.parametrize(
    "body",
    [None, "", "{", "[]", "3", {}, ROW, {"features": ROW, "instances": []}, {"instances": []}, {"instances": ROW}],
)
def test_a_malformed_body_is_a_400_that_says_what_would_be_right(call, body):
    answer = call(body)

    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    assert value(answer.metrics, names.REJECTED_REQUESTS) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"features": {"rooms": NaN}}', "NaN is not JSON"),
        ('{"features": {"rooms": -Infinity}}', "-Infinity is not JSON"),
        ('{"features": {"rooms": 1, "rooms": 2}}', "'rooms' stands twice"),
        (r'{"features": {"city": "\ud800"}}', "not UTF-8"),
        ("[" * 100_000, "nested more than 20 levels deep"),
        ('{"features": ' * 50_000, "nested more than 20 levels deep"),
        ('{"features": {"rooms": ' + "9" * 5000 + "}}", "not JSON"),
    ],
)
def test_json_that_each_reader_would_read_otherwise_is_refused(call, body, words):
    answer = call(body)

    assert answer.status == 400
    assert words in answer.body["detail"]
    assert len(answer.body["detail"]) < 300


@pytest.mark.parametrize("left", ['{"a": ', "[", '{"features": [', '[{"]}": "]}\\"]}", "": '])
def test_a_body_is_refused_from_the_first_level_that_is_too_deep(call, left):
    levels = left.count("[") + left.count("{")
    right = "".join({"{": "}", "[": "]"}[mark] for mark in reversed(left) if mark in "{[")

    def answer(depth):
        return call(
            left * (depth // levels) + "[" * (depth % levels) + "1" + "]" * (depth % levels) + right * (depth // levels)
        )

    assert "nested" not in answer(20).body["detail"]
    for depth in (21, 100, *range(950, 1010)):
        refused = answer(depth)
        assert (refused.status, refused.body["title"]) == (400, "The request is malformed")
        assert "nested more than 20 levels deep" in refused.body["detail"]


def test_brackets_in_texts_are_no_levels(call):
    assert call({"features": {**ROW, "city": '[{"\\[{' * 100}}).status == 200


def test_a_body_at_the_limit_is_read_and_one_past_it_is_not(call):
    def padded(size):
        body = json.dumps({"features": ROW})
        return body + " " * (size - len(body))

    assert call(padded(MAX_BODY_BYTES)).status == 200
    answer = call(padded(MAX_BODY_BYTES + 1))
    assert answer.status == 413
    assert str(MAX_BODY_BYTES) in answer.body["detail"]


def test_a_body_that_the_gateway_has_encoded_is_decoded(call):
    encoded = base64.b64encode(json.dumps({"features": ROW}).encode()).decode()

    assert call(encoded, isBase64Encoded=True).body["prediction"] == 30


@pytest.mark.parametrize("body", ["not base64!", base64.b64encode(b"\xff\xfe{}").decode()])
def test_a_body_that_is_not_utf_8_is_refused(call, body):
    answer = call(body, isBase64Encoded=True)

    assert answer.status == 400
    assert "not UTF-8" in answer.body["detail"]


def test_a_compressed_body_is_refused(call):
    answer = call({"features": ROW}, headers={"content-encoding": "gzip"})

    assert answer.status == 415
    assert "gzip" in answer.body["detail"]


@pytest.mark.parametrize("encoding", ["identity", "Identity", " IDENTITY\t", ""])
def test_a_body_that_says_that_it_is_not_compressed_is_read(call, encoding):
    assert call({"features": ROW}, headers={"content-encoding": encoding}).status == 200
