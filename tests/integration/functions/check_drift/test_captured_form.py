"""The captures as they are delivered: neither form, repetition nor order changes the result."""

import gzip
import importlib
import json
import random
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from functions.check_drift.result import BROKEN_INPUT, INSUFFICIENT_DATA
from functions.predict.records import LogPolicy
from functions.predict.scoring import ScoredRow
from tests.integration.functions.check_drift.checking import (
    NOON,
    ROWS,
    bundle_files,
    changed,
    lines,
    parquet,
    records,
    row,
    truth_of,
    without,
)
from tests.integration.functions.predict.serving import CONTEXT, FakeModels

pytestmark = pytest.mark.usefixtures("in_short")


def without_lag(result) -> dict:
    return {name: value for name, value in asdict(result).items() if name != "capture_lag_seconds"}


def result_of_lines(captures, documents) -> dict:
    captures.put(lines(documents))
    result = without_lag(captures.result())
    captures.clear()
    return result


@pytest.mark.parametrize("form", ["lines", "gzip", "without breaks", "parquet", "a mixture"])
def test_the_form_of_the_captures_changes_nothing(captures, form):
    # As a model of a category, numbers and missing values gives them.
    documents = records(changed(ROWS, 10, area=None, city=None))
    forms = {
        "lines": lines,
        "gzip": lambda documents: gzip.compress(lines(documents)),
        "without breaks": lambda documents: lines(documents).replace(b"\n", b""),
        "parquet": parquet,
    }
    expected = result_of_lines(captures, documents)
    if form == "a mixture":
        for number, write in enumerate(forms.values()):
            captures.put(write(documents[number::4]))
    else:
        captures.put(forms[form](documents))

    result = captures.result()

    assert without_lag(result) == expected
    assert result.rows == 400


def test_a_line_that_the_predict_function_writes_is_read(captures, monkeypatch, capsys):
    """The two must agree on every name; here the function itself has written."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Evergreen/test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "predict")
    predict = importlib.reload(importlib.import_module("functions.predict.handler"))
    monkeypatch.setattr(predict, "models", FakeModels)
    monkeypatch.setattr(predict, "log_policy", lambda: LogPolicy(1.0, frozenset()))
    predict.logger.registered_handler.stream = sys.stdout

    def call(path: str, body: dict) -> dict:
        event = {"routeKey": f"POST {path}", "body": json.dumps(body), "isBase64Encoded": False}
        return json.loads(predict.handler(event, CONTEXT)["body"])

    before = datetime.now(UTC)
    answer = call("/predict", {"instances": [{"city": "Austin", "rooms": 3}] * 2})
    ids = [prediction["prediction_id"] for prediction in answer["predictions"]]
    call("/feedback", {"labels": [{"prediction_id": id_, "actual": 31.0} for id_ in ids]})
    after = datetime.now(UTC) + timedelta(seconds=1)
    written = {
        line["message"]: line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "capture" in line
    }
    captures.put_records([written["predict"]], day=before)
    captures.put_feedback(written["feedback"], day=before)

    result = captures.result(
        start=before - timedelta(seconds=1), end=after, now=after, version="v7", not_captured=("area",)
    )

    assert result.status == INSUFFICIENT_DATA
    assert (result.rows, result.by_version) == (2, {"v7": 2})
    # The stand-in predicts ten times the rooms.
    assert [asdict(part) for part in result.slices] == [{"slice": "version v7", "live": 1.0, "labels": 2}]


def test_a_row_has_the_form_of_a_record():
    """The rows of these tests are those that the predict function records."""
    scored = ScoredRow("id", 1.0, {}, [], {"no": 1.0})
    assert scored.as_record().keys() == {*row({}, 0), "probabilities"}


def test_rows_that_were_delivered_twice_count_once_and_that_is_said(captures):
    for _ in range(3):
        captures.put_records(records(ROWS))

    result = captures.result()

    assert result.rows == 400
    assert result.notes == ["800 rows were delivered twice and are counted once"]


def told(result) -> dict:
    """All that a check says, but for what the delivery itself explains: its lag, and what came again."""
    everything = asdict(result)
    everything["notes"] = sorted(note for note in result.notes if "counted once" not in note)
    del everything["capture_lag_seconds"]
    return everything


def test_neither_repetition_nor_order_of_records_and_labels_changes_the_result(captures):
    mine = changed(ROWS[:300], 5, rooms="three")
    theirs = without(ROWS[300:], "area", 30)
    documents = [*records(mine, each=7), *records(theirs, each=7, version="v1")]
    errors = [random.Random(1).uniform(0, 30) for _ in ROWS]
    truths = [truth_of([item], error=error) for item, error in zip(ROWS, errors, strict=True)]
    # The same predictions again, with another truth.
    truths += [truth_of([item], error=7, at=NOON + timedelta(hours=2)) for item in ROWS[:20]]
    files = bundle_files(quality={"slices": ["city"]})

    def delivered(generator: random.Random | None) -> dict:
        captures.clear()
        for kind, put in (
            (documents, captures.put_records),
            (truths, lambda part, day: captures.put_feedback(*part, day=day)),
        ):
            sent = list(kind)
            if generator:
                sent += generator.sample(kind, len(kind) // 3)
                generator.shuffle(sent)
            parts = generator.randint(1, 6) if generator else 1
            for start in range(parts):
                put(sent[start::parts], day=generator.choice([NOON, NOON - timedelta(days=1)]) if generator else NOON)
        return told(captures.result(files=files))

    expected = delivered(None)
    assert expected["status"] == BROKEN_INPUT
    assert expected["quality"]["labels"] == 300
    for seed in range(8):
        assert delivered(random.Random(seed)) == expected


def test_where_stored_features_came_from_changes_nothing(captures):
    documents = records(ROWS)
    traced = json.loads(json.dumps(documents))
    for document in traced:
        for each in document["rows"]:
            each["stored"] = {"city_sales": {"entities": {"city": "Austin"}, "event": None, "unread": True}}

    assert result_of_lines(captures, traced) == result_of_lines(captures, documents)
