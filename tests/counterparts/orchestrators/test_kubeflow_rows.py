"""What predict-batch does with a file of rows, without a cloud."""

import json
import subprocess

import pytest

from cli.aws.target import CHECKOUT
from tests.counterparts.orchestrators.conftest import ENVIRONMENTS, PROGRAMS

PYTHON = ENVIRONMENTS / "kubeflow" / "bin" / "python"


def predicted(rows, *answers, limit=1000):
    given = {"rows": rows, "limit": limit, "answers": answers}
    program = [PYTHON, "-W", "ignore", PROGRAMS / "predict_rows.py"]
    ran = subprocess.run(
        program, input=json.dumps(given), env={"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout.splitlines()[-1])


def test_only_what_the_version_asked_for_predicts_counts():
    """Instances of the function look once a minute for which version serves, each by itself."""
    found = predicted(1100, "v2", "v1", "v2", "v1", "v1")

    assert found["predicted"] == [["v2", row] for row in range(1100)]
    assert found["asked"] == [500, 500, 500, 100, 100, 100]


def test_a_version_that_is_replaced_meanwhile_is_said():
    found = predicted(600, "v2", *["v3"] * 100)

    assert found["error"].startswith("the endpoint serves v3 and not v2, which is to predict rows 501 to 600")


@pytest.mark.parametrize("limit", [1, 7, 250])
def test_rows_are_sent_as_many_at_a_time_as_a_request_may_have(limit):
    found = predicted(600, limit=limit)

    assert [row for _, row in found["predicted"]] == list(range(600))
    assert limit / 2 < found["asked"][-2] <= limit


def test_a_row_that_is_larger_than_a_request_is_named():
    assert predicted(3, 413, 413, 413)["error"] == "row 1 is larger than a request may be"


def test_a_busy_endpoint_is_asked_again_and_one_that_refuses_is_not():
    assert len(predicted(1100, 429, 503, "v2", 502)["predicted"]) == 1100
    found = predicted(1100, "v2", 403)
    assert "403 to rows 501 to 1000: the role of this task needs execute-api:Invoke on it: busy" in found["error"]
    assert found["asked"] == [500, 500]
    assert "429 to rows 1 to 500" in predicted(600, *[429] * 100)["error"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"city": "a\xe2\x80\xa8b"}\n\n{"city": "c"}', ["a\u2028b", "c"]),
        (b'{"city": "a"}\r\n{"city": }\r\n', "rows.jsonl, line 2: one JSON object a line is expected"),
        (b'{"city": "\xff"}', "rows.jsonl, line 1: one JSON object"),
        (b"\n", "rows.jsonl has no rows"),
    ],
)
def test_a_file_of_rows_is_read_by_its_lines(tmp_path, content, words):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(content)
    code = "import sys; from integrations.kubeflow.endpoint import read_rows; print(read_rows(*sys.argv[1:]))"

    ran = subprocess.run(
        [PYTHON, "-W", "ignore", "-c", code, file, "rows.jsonl"],
        env={"PYTHONPATH": str(CHECKOUT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    if isinstance(words, str):
        assert words in ran.stderr
    else:
        assert ran.stdout == f"{[{'city': word} for word in words]}\n"
