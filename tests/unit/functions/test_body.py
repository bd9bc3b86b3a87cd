"""Whatever bytes come in, the reader returns a document or refuses it: it never fails."""

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.predict.body import MalformedRequest, read_json

_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_documents = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)
# Pieces of JSON in any order, which come nearer to it than letters by chance.
_pieces = st.lists(
    st.sampled_from(['{"features":', "{", "}", "[", "]", ":", ",", '"a"', "1e999", "NaN", "-", "\\u", '"'])
)


def read(event) -> str:
    """What became of an event: the reader may raise nothing but MalformedRequest."""
    refusal = None
    try:
        read_json(event)
    except MalformedRequest as error:
        refusal = error
    assert refusal is None or (refusal.status in (400, 413, 415) and len(str(refusal)) < 500)
    return "refused" if refusal else "read"


@settings(max_examples=1000)
@given(body=st.binary(max_size=300))
def test_any_bytes(body):
    read({"body": base64.b64encode(body).decode(), "isBase64Encoded": True})


@settings(max_examples=1000)
@given(body=st.text(max_size=300) | _pieces.map("".join), encoded=st.booleans())
def test_any_text(body, encoded):
    read({"body": body, "isBase64Encoded": encoded})


@settings(max_examples=500)
@given(document=_documents)
def test_json_is_read_as_python_reads_it_or_refused_for_its_constants(document):
    body = json.dumps(document)
    strict = all(word not in body for word in ("NaN", "Infinity"))

    if read({"body": body}) == "read":
        assert read_json({"body": body}) == json.loads(body)
    else:
        assert not strict


@settings(max_examples=200)
@given(depth=st.integers(1, 200_000), bracket=st.sampled_from(["[", '{"a":', "[{}", '[[{"b":']))
def test_any_depth(depth, bracket):
    assert read({"body": (bracket * depth)[:900_000]}) == "refused"
