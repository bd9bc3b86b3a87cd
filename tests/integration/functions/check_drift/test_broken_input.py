"""Captures that cannot be read or break the contract: what the check says, and what it checks all the same."""

import gzip
import json
import random

import pytest

from functions.check_drift.result import BROKEN_INPUT, OK
from tests.integration.functions.check_drift.checking import (
    ROWS,
    answers,
    bundle_files,
    changed,
    classifier,
    drifted,
    lines,
    record,
    records,
    truth_of,
    without,
)

pytestmark = pytest.mark.usefixtures("in_short")


def test_a_truncated_object_is_broken_input_and_what_it_still_gives_is_checked(captures):
    captures.put_records(records(ROWS[:200]))
    whole = gzip.compress(lines(records(ROWS[200:], each=1)))
    key = captures.put(whole[: len(whole) // 2])

    result = captures.result()

    assert result.status == BROKEN_INPUT
    assert result.reason.startswith(
        "1 captured objects or lines cannot be read; of the rest, none of 3 features has drifted"
    )
    assert 200 < result.rows < 400
    (note,) = result.notes
    assert note.startswith(f"unreadable: {key} is broken gzip")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x00\x01\xfe\xff" * 100, "is not JSON"),
        (b"PAR1 and no more", "is broken Parquet"),
        (b"<html></html>", "is not JSON"),
        (lines([{"message": "started"}]), "holds a record of another form"),
        (lines([record(ROWS[:1], capture=2)]), "capture format 2"),
        (lines([record(ROWS[:1], message="feedback")]), "holds a record of another form"),
        (lines([{**record(ROWS[:1]), "rows": None}]), "holds a record of another form"),
        (lines([record([{"prediction": 1.0}])]), "holds a record of another form: 'prediction_id'"),
    ],
)
def test_an_object_of_something_else_is_broken_input_that_names_it(captures, content, words):
    captures.put_records(records(ROWS))
    key = captures.put(content)

    result = captures.result()

    assert (result.status, result.rows) == (BROKEN_INPUT, 400)
    assert result.reason.startswith("1 captured objects or lines cannot be read; of the rest, none of 3")
    (note,) = result.notes
    assert note.startswith(f"unreadable: {key} ")
    assert words in note


def test_an_empty_object_is_nothing(captures):
    captures.put_records(records(ROWS))
    captures.put(b"")
    captures.put(gzip.compress(b""))

    result = captures.result()

    assert (result.status, result.rows, result.notes) == (OK, 400, [])


def test_broken_feedback_is_broken_input_too(captures):
    captures.put_records(records(ROWS))
    key = captures.put(b"?\n", prefix="feedback/")
    captures.put_feedback({**truth_of(ROWS[:1], error=1), "labels": [{"actual": 1}, {"prediction_id": 3, "actual": 1}]})

    result = captures.result()

    assert result.status == BROKEN_INPUT
    assert result.reason.startswith("2 captured objects or lines cannot be read")
    assert result.notes[0].startswith(f"unreadable: {key} line 1 is not JSON")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows, count: without(rows, "area", count), "area: absent in {} rows"),
        (lambda rows, count: changed(rows, count, rooms="three"), "rooms: of type str in {} rows"),
        (lambda rows, count: changed(rows, count, rooms=True), "rooms: of type bool in {} rows"),
        (lambda rows, count: changed(rows, count, city=7), "city: of type int in {} rows"),
        (lambda rows, count: changed(rows, count, city=["Austin"]), "city: of type list in {} rows"),
        (lambda rows, count: changed(rows, count, area=float("inf")), "area: infinite in {} rows"),
        (lambda rows, count: changed(rows, count, area=float("-inf")), "area: infinite in {} rows"),
        (lambda rows, count: changed(rows, count, area=10**400), "area: infinite in {} rows"),
        (lambda rows, count: changed(rows, count, area=-(10**400)), "area: infinite in {} rows"),
        (
            lambda rows, count: [{**item, "prediction": "x"} for item in rows[:count]] + rows[count:],
            "(prediction): of type str in {} rows",
        ),
    ],
)
def test_values_that_break_the_contract_are_broken_input_beyond_one_percent(captures, change, words):
    """Four of 400 rows are one percent, and noted; five are more."""
    captures.put_records(records(change(ROWS, 4)))
    few = captures.result()
    captures.clear()
    captures.put_records(records(change(ROWS, 5)))
    many = captures.result()

    assert (few.status, few.notes) == (OK, [words.format(4)])
    assert (many.status, many.notes) == (BROKEN_INPUT, [words.format(5)])
    assert many.reason.startswith("5 of 400 rows do not fit the contract; of the rest, none of 3 features")
    assert many.rows == 400


def test_a_field_that_callers_have_dropped_is_named_and_its_drift_too(captures):
    captures.put_records(records(without(ROWS, "area", 400)))

    result = captures.result()

    assert result.status == BROKEN_INPUT
    assert "area: absent in 400 rows" in result.notes
    assert drifted(result) == {"area": ["100% of the rows are missing, 0% in the reference"]}
    # Which an alarm of its own tells.
    assert result.drifting


def test_broken_input_outranks_drift_and_too_little_data(captures):
    captures.put(b"?")
    assert captures.result().status == BROKEN_INPUT
    assert "of the rest, 0 predictions in the window, 200 are needed" in captures.result().reason

    captures.put_records(records(changed(ROWS, 400, area=1000.0)))
    result = captures.result()
    assert result.status == BROKEN_INPUT
    assert "of the rest, 1 of 3 features have drifted" in result.reason


JUNK = (None, 0, -1.5, True, "", "junk", [], [1], {}, {"a": 1}, float("nan"), float("inf"), 1e308, 10**400)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_a_record_holds_the_check_comes_to_an_end(captures, seed):
    """Any value of records and labels is replaced by any other one; what is found can be stored."""
    generator = random.Random(seed)

    def spoil(value):
        if generator.random() < 0.02:
            return generator.choice(JUNK)
        if isinstance(value, dict):
            return {name: spoil(item) for name, item in value.items() if generator.random() > 0.01}
        return [spoil(item) for item in value] if isinstance(value, list) else value

    probabilities = {"no": 0.4, "yes": 0.6}
    task = generator.choice(["regression", "classification"])
    rows = ROWS if task == "regression" else answers(ROWS, probabilities)
    documents = [spoil(document) for document in records(rows, each=2)]
    truths = [spoil(truth_of([item], error=1)) for item in ROWS[:200]]
    captures.put(lines(document for document in documents if document is not None))
    captures.put(lines(truths), prefix="feedback/")
    files = bundle_files() if task == "regression" else classifier("log_loss")

    result = captures.result(files=files)

    assert result.status == BROKEN_INPUT
    assert json.loads(result.to_json())["status"] == BROKEN_INPUT
