"""The log line of a request: all of it, some of it, or none."""

import json

from evergreen import names
from functions.predict.records import MAX_LINE_BYTES, LogPolicy
from tests.integration.functions.predict.serving import ROW, value


def test_one_log_line_holds_all_that_a_request_was(call):
    answer = call({"features": ROW})
    (line,) = answer.logs

    assert line["model_version"] == "v7"
    assert line["function_request_id"] == "request-1"
    assert line["rows"] == [
        {"prediction_id": answer.body["prediction_id"], "prediction": 30, "features": ROW, "unusual": []}
    ]


def test_features_that_are_never_logged_are_answered_but_not_recorded(call):
    (line,) = call({"features": ROW}, policy=LogPolicy(1.0, frozenset({"city"}))).logs

    assert line["rows"][0]["features"] == {"rooms": 3}
    assert "Austin" not in json.dumps(line)


def test_a_request_that_is_not_sampled_is_counted_but_not_recorded(call):
    answer = call({"features": ROW}, policy=LogPolicy(0.0, frozenset()))

    assert answer.status == 200
    assert answer.logs == []
    assert value(answer.metrics, names.PREDICTIONS) == 1


def test_a_large_request_is_recorded_in_several_lines_without_loss(call):
    rows = [{"city": "x" * 900, "rooms": number} for number in range(1000)]
    answer = call({"instances": rows})

    assert len(answer.logs) > 1
    assert all(len(json.dumps(line)) < MAX_LINE_BYTES + 5000 for line in answer.logs)
    assert [row["features"]["rooms"] for line in answer.logs for row in line["rows"]] == list(range(1000))
