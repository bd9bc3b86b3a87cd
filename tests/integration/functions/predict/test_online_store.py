"""The function's own BatchGetItem: against botocore's signer, against moto, and against servers that fail."""

import json
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen import names
from evergreen.feature_store.online_table import item, put_if_not_older
from functions import signed_connection
from functions.online_store import dynamodb as dynamodb_module
from functions.online_store.dynamodb import DynamoDB, StoreFailed
from functions.online_store.stored_rows import stored_rows_from_environment
from functions.predict.s3 import Bucket
from tests.integration.functions.predict.houses_store import (
    AGENT,
    AUSTIN,
    DESK,
    PROJECT,
    SALES,
    YESTERDAY,
    dynamodb_at,
    houses,
    store_of,
)
from tests.integration.functions.predict.serving import SECRETS, value

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ROTATING = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}
ROTATED = DynamoDB(environment=ROTATING)
text = st.text(alphabet=st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=30)
REQUEST = {"t": {"Keys": [{"entity_id": {"S": "x"}}]}}


@settings(max_examples=500)
@given(table=st.text(max_size=40), token=st.one_of(st.none(), text), secret=text)
def test_the_signature_is_botocores(table, token, secret):
    ROTATING["AWS_SECRET_ACCESS_KEY"] = secret
    ROTATING["AWS_SESSION_TOKEN"] = token or ""
    sent = {}

    def request(_method, path, *, headers, body):
        sent.update(path=path, headers=headers, body=body)
        raise OSError("sent nothing")

    with (
        mock.patch.object(ROTATED._connection, "request", request),
        mock.patch("functions.signed_connection.datetime", wraps=datetime, now=mock.Mock(return_value=NOW)),
        mock.patch.object(ROTATED, "_wait", side_effect=StoreFailed),
        pytest.raises(StoreFailed),
    ):
        ROTATED.batch_get_item(RequestItems={table: {}})

    headers = {name: sent["headers"][name] for name in ("content-type", "x-amz-target")}
    theirs = AWSRequest("POST", "https://dynamodb.eu-west-1.amazonaws.com/", headers=headers, data=sent["body"])
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW):
        SigV4Auth(Credentials("AKIDEXAMPLE", secret, token), "dynamodb", "eu-west-1").add_auth(theirs)
    assert sent["headers"]["Authorization"] == theirs.headers["Authorization"]


def test_the_machines_authorities_are_read_once_for_every_service(monkeypatch):
    read = mock.Mock(wraps=ssl.create_default_context)
    monkeypatch.setattr(ssl, "create_default_context", read)
    signed_connection._trusting.cache_clear()

    Bucket("models", environment=ROTATING)
    DynamoDB(environment=ROTATING)

    assert read.call_count == 1


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A budget for a busy machine, in tests that are not about the budget."""
    monkeypatch.setattr(dynamodb_module, "BUDGET_SECONDS", 30.0)
    monkeypatch.setattr(dynamodb_module, "_TIMEOUT", 20.0)


@pytest.fixture
def short(monkeypatch):
    """The budget that the function has; a test may last two seconds longer."""
    monkeypatch.setattr(dynamodb_module, "BUDGET_SECONDS", 1.0)


@pytest.fixture
def client(moto_server):
    """DynamoDB with the tables of both views."""
    client = boto3.client(
        "dynamodb", endpoint_url=moto_server, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    tables = [names.online_table(PROJECT, view.name) for view in (SALES, AGENT)]
    for table in tables:
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    yield client
    for table in tables:
        client.delete_table(TableName=table)


def write(client, view, key_row, values, event=YESTERDAY):
    client.put_item(**put_if_not_older(names.online_table(PROJECT, view.name), item(view, key_row, values, event)))


def test_a_prediction_reads_what_was_written_to_dynamodb(call, client, moto_server):
    write(client, SALES, {"city": "Austin"}, AUSTIN)
    write(client, AGENT, DESK, {"score": 0.25})
    store = store_of(dynamodb_at(moto_server))
    rows = [{"entities": {"city": city, **DESK}, "features": {"rooms": 3}} for city in ("Austin", "Waco")]
    answer = call({"instances": rows}, models=houses(), store=store)

    assert answer.status == 200
    assert [row["prediction"] for row in answer.body["predictions"]] == [452.5, 3]
    assert [row["features"]["score"] for row in answer.logs[0]["rows"]] == [0.25, 0.25]
    assert value(answer.metrics, names.MISSING_ENTITIES) == 1
    assert value(answer.metrics, names.FEATURE_READ_FAILURES) == 0
    assert value(answer.metrics, names.FEATURE_READ_DURATION) > 0


def test_more_entities_than_a_call_takes_are_read_in_several(call, client, moto_server):
    for number in range(130):
        write(client, SALES, {"city": f"c{number}"}, {**AUSTIN, "sales": float(number), "listings": 0})
    write(client, AGENT, DESK, {"score": 0.25})
    rows = [{"entities": {"city": f"c{number}", **DESK}, "features": {"rooms": 0}} for number in range(130)]
    answer = call({"instances": rows}, models=houses(), store=store_of(dynamodb_at(moto_server)))

    assert [row["prediction"] for row in answer.body["predictions"]] == list(range(130))


def test_an_older_value_never_replaces_a_newer_one(client):
    write(client, SALES, {"city": "Austin"}, {"sales": 2.0})
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        write(client, SALES, {"city": "Austin"}, {"sales": 1.0}, YESTERDAY - timedelta(microseconds=1))
    write(client, SALES, {"city": "Austin"}, {"sales": 3.0})
    write(client, SALES, {"city": "Austin"}, {"sales": 4.0}, YESTERDAY + timedelta(microseconds=1))

    (stored,) = client.scan(TableName=names.online_table(PROJECT, "city_sales"))["Items"]
    assert stored == item(SALES, {"city": "Austin"}, {"sales": 4.0}, YESTERDAY + timedelta(microseconds=1))


SENT = {"entities": {"city": "Austin", **DESK}, "features": {"rooms": 3}}


def test_a_table_that_is_not_there_is_no_failure_of_the_endpoint(call, moto_server, client):
    client.delete_table(TableName=names.online_table(PROJECT, "agent"))
    write(client, SALES, {"city": "Austin"}, AUSTIN)
    answer = call(SENT, models=houses(), store=store_of(dynamodb_at(moto_server)))
    client.create_table(
        TableName=names.online_table(PROJECT, "agent"),
        KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    assert answer.status == 200
    assert answer.body["prediction"] == 452.5
    assert answer.logs[0]["causes"] == ["agent: DynamoDB answered 400 ResourceNotFoundException"]


@pytest.mark.usefixtures("short")
def test_a_dead_endpoint_costs_the_budget_and_no_more(call):
    started = time.monotonic()
    answer = call(SENT, models=houses(), store=store_of(dynamodb_at("http://127.0.0.1:1")))

    assert time.monotonic() - started < 3.0
    assert answer.status == 200
    assert answer.body["prediction"] == 3
    assert len(answer.body["warnings"]) == 2
    assert value(answer.metrics, names.FEATURE_READ_FAILURES) == 1
    assert all("did not answer" in cause for cause in answer.logs[0]["causes"])


class Answers(BaseHTTPRequestHandler):
    """Gives the server's answers, one after the other; the last one again and again. Counts its connections."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_POST(self):
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        status, document = self.server.answers[min(len(self.server.asked), len(self.server.answers)) - 1]
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextmanager
def answering(*answers):
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.answers, server.asked, server.connections = answers, [], 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = dynamodb_at(f"http://127.0.0.1:{server.server_port}")
        client.begin()
        yield server, client
        server.shutdown()
        client._connection.close()


FOUND = (200, {"Responses": {"t": []}, "UnprocessedKeys": {}})


def test_every_request_is_sent_once_over_the_one_connection():
    with answering(FOUND) as (server, client):
        for _ in range(20):
            assert client.batch_get_item(RequestItems=REQUEST) == FOUND[1]
    assert (server.connections, len(server.asked)) == (1, 20)


PASSING = [
    (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow"}),
    (400, {"__type": "com.amazon.coral.availability#ThrottlingException"}),
    (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}),
    (503, b"<html>"),
    (200, b"cut off"),
]


@pytest.mark.parametrize("passing", PASSING, ids=lambda answer: str(answer[1])[:60])
def test_what_passes_is_asked_for_again(passing):
    with answering(passing, passing, FOUND) as (server, client):
        assert client.batch_get_item(RequestItems=REQUEST) == FOUND[1]
    assert server.asked == [{"RequestItems": REQUEST}] * 3


def test_what_does_not_pass_is_given_up_within_the_budget(monkeypatch):
    monkeypatch.setattr(dynamodb_module, "BUDGET_SECONDS", 0.3)
    started = time.monotonic()
    with (
        answering(PASSING[0]) as (server, client),
        pytest.raises(StoreFailed, match=r", \d times within 0.3 s"),
    ):
        client.batch_get_item(RequestItems=REQUEST)
    assert time.monotonic() - started < 3.0
    assert len(server.asked) > 1


@pytest.mark.parametrize("kind", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
def test_a_refusal_is_not_asked_for_again(kind):
    refusal = (400, {"__type": f"com.amazon.coral.service#{kind}", "message": "User: arn:... is not authorized"})
    with answering(refusal) as (server, client), pytest.raises(StoreFailed, match=f"DynamoDB answered 400 {kind}$"):
        client.batch_get_item(RequestItems=REQUEST)
    assert len(server.asked) == 1


def test_a_broken_item_costs_its_view_and_is_not_quoted(call):
    broken = {"entity_id": {"S": "x"}, "event_ts": {"S": str(YESTERDAY)}, "values": {"M": {"sales": {"B": "c2VjcmV0"}}}}
    table = {"Responses": {"houses_dev.city_sales": [broken]}, "UnprocessedKeys": {}}
    with answering((200, table)) as (_, client):
        answer = call(SENT, models=houses(), store=store_of(client))

    assert answer.status == 200
    assert answer.logs[0]["causes"] == ["city_sales: wire type 3"]


@pytest.mark.usefixtures("short")
def test_keys_that_are_put_off_for_ever_are_given_up_within_the_budget(call):
    put_off = {"Responses": {}, "UnprocessedKeys": {"houses_dev.city_sales": REQUEST["t"]}}
    with answering((200, put_off)) as (_, client):
        started = time.monotonic()
        answer = call(SENT, models=houses(), store=store_of(client))
        took = time.monotonic() - started

    assert took < 3.0
    assert answer.status == 200
    assert answer.logs[0]["causes"][0].startswith("city_sales: ")
    assert value(answer.metrics, names.FEATURE_READ_FAILURES) == 1


def test_the_store_is_the_one_that_the_environment_names(client, moto_server):
    write(client, SALES, {"city": "Austin"}, AUSTIN)
    environment = {**SECRETS, "AWS_REGION": "us-east-1", names.FEATURE_PROJECT: PROJECT}
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        other = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"} if variable != "AWS_ENDPOINT_URL" else {}
        store = stored_rows_from_environment({**environment, **other, variable: moto_server})
        assert not store.refuses
        store._dynamodb.begin()
        found = store._dynamodb.batch_get_item(
            RequestItems={names.online_table(PROJECT, "city_sales"): REQUEST["t"]},
        )
        assert found["Responses"] == {names.online_table(PROJECT, "city_sales"): []}
    assert stored_rows_from_environment({**environment, names.FEATURES_MISSING: "refuse"}).refuses
