"""What is answered to every kind of request; the tables of docs/integrations/conformance.md are made from it.

EVERGREEN_WRITE_PAGES=1 makes the page anew.
"""

import json
import os

import pytest

from tests.integration.functions.predict.protocols.cases import PROTOCOLS

PAGE = ("docs", "integrations", "conformance.md")
HEAD = """\
# Conformance to other protocols

What the endpoint answers to each kind of request, with `[endpoint] protocols` in model.toml. The model of the tables is
called houses, its version v7; it has the features city (text), rooms (number), garden (number, may be missing), new
(true or false, may be missing) and sold (a day). A test asks for each line and holds the answer against this page
(`tests/integration/functions/predict/protocols`). What is refused before it reaches the function has the gateway's own
form, `{"message": ...}`: 403 unsigned, 404 another path, 429 throttled. What real clients of each protocol send is
tried by `make test-integrations`.
"""
_LONGEST = 160


@pytest.mark.parametrize(
    ("protocol", "case"),
    [pytest.param(name, case, id=f"{name}: {case.words}") for name, cases in PROTOCOLS.items() for case in cases],
)
def test_each_kind_of_request_has_its_answer(server, protocol, case):
    answer = server.ask(case.method, case.path, case.body, classifies=case.classifies, headers=case.headers)

    assert answer.status == case.status, answer.body
    assert answer.content_type == "application/json"
    if case.status != 200:
        # The protocol's own form of an error.
        expected = {"error_code", "message"} if protocol.startswith("MLflow") else {"error"}
        assert answer.body.keys() == expected


def test_the_page_says_what_is_answered(server, checkout):
    tables = [HEAD]
    for name, cases in PROTOCOLS.items():
        lines = [f"## {name}", "", "| request | answer | |", "|---|---|---|"]
        for case in cases:
            answer = server.ask(case.method, case.path, case.body, classifies=case.classifies, headers=case.headers)
            lines.append(f"| {case.words} | {case.status} | {_told(case, answer)} |")
        tables.append("\n".join([*lines, ""]))
    page = checkout.joinpath(*PAGE)
    if os.environ.get("EVERGREEN_WRITE_PAGES"):
        page.parent.mkdir(exist_ok=True)
        page.write_text("\n".join(tables))

    assert page.read_text() == "\n".join(tables)


def _told(case, answer):
    """The words of a refusal; of an answer, its keys, since its ids are new each time."""
    body = answer.body
    if body is None:
        return f"`{json.dumps(answer.text)}`"
    if case.status != 200:
        said = body.get("error") or body["message"]
        said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."
        return said.replace("|", "\\|")
    return ", ".join(f"`{key}`" for key in body)
