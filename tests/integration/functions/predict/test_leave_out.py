"""What `[log]` leaves out, and what the contract does not know, stands in no line of the log."""

import itertools
import json

import pytest

from evergreen.prediction_id import new_prediction_id
from functions.predict.records import LogPolicy
from tests.integration.functions.predict.serving import ROW, FakeModels

MARKER = "Alice-SECRET-7f3a"
NUMBER = 48151623.42
PREDICTION = new_prediction_id()
# A marker in every place of a request where a caller can put one.
BODIES = {
    "an unseen category": {"features": {**ROW, "city": MARKER}},
    "a wrong value": {"features": {"city": [MARKER], "rooms": MARKER}},
    "a number outside": {"features": {**ROW, "rooms": NUMBER}},
    "a number in place of a text": {"features": {**ROW, "city": NUMBER}},
    "the name of an unknown field": {"features": {**ROW, MARKER: 1}},
    "the value of an unknown field": {"features": {**ROW, "name": MARKER}},
    "a row that is no object": {"instances": [MARKER, [MARKER], {"city": {MARKER: 1}}]},
    "in place of the features": {"features": MARKER},
    "beside the features": {"features": ROW, MARKER: MARKER},
    "the whole body": MARKER,
    "a name that stands twice": f'{{"{MARKER}": 1, "{MARKER}": 2}}',
    "no JSON": f'{{"features": {MARKER}',
}
LABELS = {
    "the id of a label": {"prediction_id": MARKER, "actual": 1},
    "the truth of a label": {"prediction_id": PREDICTION, "actual": MARKER},
    "the name of a field": {"prediction_id": PREDICTION, "actual": 1, MARKER: 1},
    "a label that is no object": {"labels": [MARKER]},
}
LEFT_OUT = [frozenset(names) for size in range(3) for names in itertools.combinations(("city", "rooms"), size)]
# The only places where a value may be recorded: that of a feature which is not left out.
OF_FEATURE = {
    "an unseen category": "city",
    "a wrong value": "rooms",
    "a number outside": "rooms",
    "a number in place of a text": "city",
}


@pytest.mark.parametrize("left_out", LEFT_OUT, ids=lambda names: "+".join(sorted(names)) or "nothing")
@pytest.mark.parametrize("place", BODIES)
def test_a_marker_is_recorded_only_as_the_value_of_a_feature_that_is_not_left_out(call, place, left_out):
    lines = json.dumps(call(BODIES[place], policy=LogPolicy(1.0, left_out)).logs)

    recorded = MARKER in lines or str(NUMBER) in lines
    assert recorded == (place in OF_FEATURE and OF_FEATURE[place] not in left_out)


@pytest.mark.parametrize("place", LABELS)
def test_nothing_of_a_rejected_label_is_recorded(call, place):
    answer = call(LABELS[place], path="/feedback")

    assert answer.status in (400, 422)
    assert MARKER not in json.dumps(answer.logs)


def test_the_caller_is_told_all_that_is_not_recorded(call):
    answer = call({"features": {**ROW, MARKER: 1}}, policy=LogPolicy(1.0, frozenset({"city", "rooms"})))
    (line,) = answer.logs

    assert answer.body["errors"][0]["field"] == f"features.{MARKER}"
    assert line["errors"] == [{"field": "features", "got": "an unknown field", "expected": "no such field"}]


def test_an_error_of_ours_is_logged_without_its_message_where_a_feature_is_left_out(call):
    broken = FakeModels(RuntimeError(f"no such category: {MARKER}"))

    (line,) = call({"features": ROW}, models=broken, policy=LogPolicy(1.0, frozenset({"city"}))).logs
    assert MARKER not in json.dumps(line)
    assert line["exception_name"] == "RuntimeError"
    assert any("handler.py" in frame for frame in line["frames"])

    (line,) = call({"features": ROW}, models=broken).logs
    assert MARKER in json.dumps(line)


@pytest.mark.parametrize("end_of_line", ["\u2028", "\u2029", "\u0085", "\x0b", "\x1e"])
def test_no_character_of_a_text_ends_a_line_of_the_log(call, end_of_line):
    answer = call({"features": {**ROW, "city": f"a{end_of_line}b"}})

    (line,) = answer.logs
    assert line["rows"][0]["features"]["city"] == f"a{end_of_line}b"
