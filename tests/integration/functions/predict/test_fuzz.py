"""Twenty thousand requests, most of them wrong in some way, to a model of each kind that can be served."""

import io
import json
import random
import time

import pytest

from evergreen import portable
from evergreen.versions.bundle import ServableModel
from functions.predict.records import LogPolicy
from tests.integration.functions.predict.serving import CONTEXT, FakeModels
from tests.integration.training.houses import ALL, prepared_houses, with_estimator
from training import train

REQUESTS = 20_000
LAMBDA_BYTES = 6 * 1024 * 1024
# The CPU time of an answer, in seconds. A row takes 0.1 ms; a request here has at most fifty.
SLOW = 0.3
ROW = {"day": 100, "city": "Austin", "size": 100.0, "listed": "2020-05-31T12:00"}
TEXTS = [
    "",
    "Austin",
    "Waco",
    "\x00\x1b[31m",
    '\r\n\u2028{"a":1}',
    "\ud83d\ude00" * 40,
    "x" * 5000,
    "NaN",
    "=1+1",
    "\x7f\x85",
]
NUMBERS = [0, -0.0, -1, 1e308, -1e308, 5e-324, 10**308, 10**400, 2**63, 1e999, float("nan"), 3.5]
SCALARS = [*TEXTS, *NUMBERS, None, True, False]


def value(source):
    """Any value of JSON, and some that are none."""
    kind = source.random()
    if kind < 0.8:
        return source.choice(SCALARS)
    if kind < 0.9:
        return [value(source) for _ in range(source.randrange(4))]
    return {source.choice(TEXTS): value(source) for _ in range(source.randrange(3))}


def row(source):
    """A row that is right, or wrong in a place or two."""
    found = dict(ROW, size=source.choice(NUMBERS)) if source.random() < 0.5 else dict(ROW)
    for _ in range(source.choice((0, 0, 1, 2))):
        found[source.choice([*ROW, *TEXTS])] = value(source)
    if source.random() < 0.05:
        found.pop(source.choice(list(found)))
    return found if source.random() < 0.97 else value(source)


def body(source):
    kind = source.random()
    if kind < 0.5:
        document = {"features": row(source)}
    elif kind < 0.8:
        document = {"instances": [row(source) for _ in range(source.choice((0, 1, 2, 50)))]}
    elif kind < 0.9:
        document = {"labels": [{"prediction_id": value(source), "actual": value(source)} for _ in range(3)]}
    else:
        document = value(source)
    text = json.dumps(document, ensure_ascii=source.random() < 0.5)
    if source.random() < 0.1:
        # As a broken connection or an old client would: cut, or with a piece of it twice.
        start, end = sorted(source.randrange(len(text) + 1) for _ in range(2))
        text = source.choice((text[:start], text[:end] + text[start:], text[start:end] * 30))
    return text


@pytest.fixture(scope="module")
def models():
    parts = prepared_houses()

    def served(task, type_):
        estimator = train.fit(parts[task].train_rows, parts[task].contract, with_estimator(task, type_))
        names = [feature.name for feature in parts[task].contract.features]
        return FakeModels(model=ServableModel(parts[task].contract, portable.load(portable.export(estimator), names)))

    return {f"{task} {type_}": served(task, type_) for task, type_ in ALL}


def strictly(text):
    """The JSON document; NaN and Infinity are none."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in {text[:200]}"))


@pytest.mark.parametrize("kind", [f"{task} {type_}" for task, type_ in ALL])
def test_whatever_is_sent_the_answer_is_short_quick_json_and_no_failure_of_ours(call, monkeypatch, models, kind):
    call({"features": ROW}, models=models[kind])
    from functions.predict import handler as module

    log, source, statuses = io.StringIO(), random.Random(kind), set()
    monkeypatch.setattr(module, "models", lambda: models[kind])
    monkeypatch.setattr(module, "log_policy", lambda: LogPolicy(1.0, frozenset()))
    module.logger.registered_handler.stream = log
    for _ in range(REQUESTS // len(ALL)):
        text = body(source)
        event = {"routeKey": source.choice(("POST /predict",) * 9 + ("POST /feedback",)), "body": text, "headers": {}}
        started = time.process_time()
        answer = module.handler(event, CONTEXT)
        took = time.process_time() - started

        statuses.add(answer["statusCode"])
        assert answer["statusCode"] < 500, text
        assert len(answer["body"]) < LAMBDA_BYTES, text
        assert took < SLOW, text
        strictly(answer["body"])
    assert {200, 400, 422} <= statuses
    lines = log.getvalue().splitlines()
    assert len(lines) > REQUESTS // len(ALL) / 2
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        strictly(line)
