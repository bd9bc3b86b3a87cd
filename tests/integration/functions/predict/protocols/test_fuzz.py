"""Whatever is sent to a route of another protocol, the answer is short, quick, JSON, and no failure of ours."""

import copy
import io
import json
import random
import time

import pytest

from evergreen import names
from functions.predict.records import LogPolicy
from tests.integration.functions.predict.protocols.cases import PROTOCOLS
from tests.integration.functions.predict.serving import CONTEXT

REQUESTS = 2000
LAMBDA_BYTES = 6_000_000
# Seconds of processor time.
SLOW = 2.0
NUMBERS = (0, 1, -1, 3, 7, 1.5, 1e308, -(2**63), 2**64, 10**400)
TEXTS = ("", "3", "Austin", "\u00e4\U0001f600\u2028", "NaN", "x" * 5000)
NESTED = ([], {}, [1], [[1]], [None], {"b64": "QQ=="}, {"b64": "?"}, {"a": {"b": [1]}})
VALUES = (None, True, False, *NUMBERS, *TEXTS, *NESTED)
NAMES = ("inputs", "instances", "name", "shape", "datatype", "data", "city", "parameters", "id", "outputs", "x")


def mutated(source, value):
    """The value with a piece replaced, added, doubled or gone."""
    if isinstance(value, dict) and value and source.random() < 0.85:
        name = source.choice(list(value))
        kind = source.random()
        if kind < 0.15:
            del value[name]
        elif kind < 0.25:
            value[source.choice(NAMES)] = copy.deepcopy(source.choice(VALUES))
        else:
            value[name] = mutated(source, value[name])
        return value
    if isinstance(value, list) and value and source.random() < 0.85:
        place = source.randrange(len(value))
        kind = source.random()
        if kind < 0.1:
            del value[place]
        elif kind < 0.2:
            value.append(copy.deepcopy(value[place]))
        else:
            value[place] = mutated(source, value[place])
        return value
    return copy.deepcopy(source.choice(VALUES))


def request(source, cases):
    case = source.choice(cases)
    body = case.body if isinstance(case.body, str) else copy.deepcopy(case.body)
    if not isinstance(body, str):
        for _ in range(source.choice((0, 1, 1, 2, 5))):
            body = mutated(source, body)
        body = json.dumps(body, ensure_ascii=source.random() < 0.5)
    if source.random() < 0.1:
        start, end = sorted(source.randrange(len(body) + 1) for _ in range(2))
        body = source.choice((body[:start], body[:end] + body[start:], body[start:end] * 30))
    headers = dict(case.headers)
    if "/v2/" in case.path and source.random() < 0.2:
        headers["inference-header-content-length"] = source.choice(("0", "5", str(len(body)), "-1", "9" * 400, "x", ""))
    path = case.path
    if source.random() < 0.1:
        path = path.replace("houses", source.choice(("flats", "%00", "a:b", "houses%2F", "%")))
    return path, body, headers, case.classifies


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_whatever_is_sent_the_answer_is_short_quick_json_and_no_failure_of_ours(server, monkeypatch, protocol):
    cases = [case for case in PROTOCOLS[protocol] if case.method == "POST" and "1,001" not in case.words]
    source, statuses, log = random.Random(protocol), set(), io.StringIO()
    module = server._module
    monkeypatch.setattr(module, "log_policy", lambda: LogPolicy(1.0, frozenset()))
    module.logger.registered_handler.stream = log
    for _ in range(REQUESTS):
        path, body, headers, classifies = request(source, cases)
        route, parameters = server._route("POST", path)
        champion = server.classifier if classifies else server.models
        monkeypatch.setattr(module, "models", lambda champion=champion: champion)
        event = {"routeKey": route, "pathParameters": parameters, "body": body, "headers": headers}
        started = time.process_time()
        answer = module.handler(event, CONTEXT)
        took = time.process_time() - started

        statuses.add(answer["statusCode"])
        assert answer["statusCode"] < 500, (path, body, answer)
        assert len(answer["body"]) < LAMBDA_BYTES
        assert took < SLOW, (path, body[:2000])
        json.loads(answer["body"], parse_constant=lambda word: pytest.fail(f"{word} in an answer"))
    assert {200, 400} <= statuses
    for line in log.getvalue().splitlines():
        assert line.isascii()
        json.loads(line)
    assert names.RECORD_PREDICT in log.getvalue()
