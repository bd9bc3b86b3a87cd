"""The predict function's own signed GET: against botocore's signer, and against servers."""

import contextlib
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.predict import s3 as s3_module
from functions.predict.s3 import Bucket, FetchError, NoSuchKey
from tests.integration.functions.predict.serving import SECRETS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
# One bucket for all examples, since a connection reads the machine's certificates; its credentials change.
ROTATING = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}
ROTATED = Bucket("models", environment=ROTATING)
text = st.text(alphabet=st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=30)


@settings(max_examples=3000)
@given(key=st.text(min_size=1, max_size=40), token=st.one_of(st.none(), text), secret=text)
def test_the_signature_is_botocores(key, token, secret):
    ROTATING["AWS_SECRET_ACCESS_KEY"] = secret
    ROTATING["AWS_SESSION_TOKEN"] = token or ""
    sent = {}

    def request(_method, path, *, headers, **_):
        sent.update(path=path, headers=headers)
        raise OSError("sent nothing")

    with (
        mock.patch.object(ROTATED._connection, "request", request),
        mock.patch("functions.signed_connection.datetime", wraps=datetime, now=mock.Mock(return_value=NOW)),
        pytest.raises(FetchError),
    ):
        ROTATED.get(key)

    theirs = AWSRequest("GET", f"https://models.s3.eu-west-1.amazonaws.com{sent['path']}")
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW):
        S3SigV4Auth(Credentials("AKIDEXAMPLE", secret, token), "s3", "eu-west-1").add_auth(theirs)
    assert sent["headers"]["Authorization"] == theirs.headers["Authorization"]


def test_an_object_is_read_and_not_again_while_it_is_the_same(s3, bucket):
    s3.put_object(Bucket="models", Key="a b/ü+c.json", Body=b"content")
    found = bucket.get("a b/ü+c.json")

    assert found.content == b"content"
    assert bucket.get("a b/ü+c.json", unless=found.etag) is None
    s3.put_object(Bucket="models", Key="a b/ü+c.json", Body=b"other")
    assert bucket.get("a b/ü+c.json", unless=found.etag).content == b"other"


@pytest.mark.usefixtures("s3")
def test_a_missing_object_is_told_from_other_failures(bucket):
    with pytest.raises(NoSuchKey):
        bucket.get("nothing")
    nobody = Bucket("models", environment={**SECRETS, "AWS_REGION": "r", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    with pytest.raises(FetchError, match="GET nothing"):
        nobody.get("nothing")


@contextmanager
def answered_by(handler):
    """A server, and a bucket at its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield server, Bucket("models", environment={**SECRETS, "AWS_REGION": "r", "AWS_ENDPOINT_URL": address})
        server.shutdown()


class ClosesWithoutSaying(BaseHTTPRequestHandler):
    """Answers as if the connection stayed open, and closes it, as S3 does with one that was idle."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"content")
        self.close_connection = True

    def log_message(self, *_):
        pass


def test_a_connection_that_s3_has_closed_meanwhile_is_opened_again():
    with answered_by(ClosesWithoutSaying) as (_, bucket):
        assert [bucket.get("a").content for _ in range(3)] == [b"content"] * 3
    with pytest.raises(FetchError):
        bucket.get("a")


class IsBusy(BaseHTTPRequestHandler):
    """Answers 503 as often as the server says, and then with the object."""

    def do_GET(self):
        self.server.busy -= 1
        self.send_response(503 if self.server.busy >= 0 else 200)
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(b"SlowDown" if self.server.busy >= 0 else b"content")

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("busy", "answered"), [(1, True), (2, True), (3, False)])
def test_an_s3_that_is_busy_for_a_moment_is_asked_again(busy, answered):
    with answered_by(IsBusy) as (server, bucket):
        server.busy = busy
        if answered:
            assert bucket.get("a").content == b"content"
        else:
            with pytest.raises(FetchError, match="S3 answered 503: SlowDown"):
                bucket.get("a")


class Forgets(BaseHTTPRequestHandler):
    """Answers the first request of a connection, and no later one."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"content")
        self.server.forgotten.wait(30)

    def log_message(self, *_):
        pass


def test_a_connection_that_was_idle_is_not_waited_for(monkeypatch):
    with answered_by(Forgets) as (server, bucket):
        server.forgotten, server.daemon_threads, server.block_on_close = threading.Event(), True, False
        bucket.timeout = 1.0
        bucket.get("a")
        later = time.time() + 60
        monkeypatch.setattr(s3_module.time, "time", lambda: later)

        started = time.monotonic()
        assert bucket.get("a").content == b"content"
        assert time.monotonic() - started < 1.0
        server.forgotten.set()


def test_an_s3_that_takes_the_request_and_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**SECRETS, "AWS_REGION": "r", "AWS_ENDPOINT_URL": address}

        with pytest.raises(FetchError, match="timed out"):
            Bucket("models", environment=environment, timeout=0.2).get("a")


class Drips(BaseHTTPRequestHandler):
    """Sends a byte as often as nobody would give it up for silence."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "1000")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.forgotten.wait(0.05):
                self.wfile.write(b"x")

    def log_message(self, *_):
        pass


def test_an_s3_that_answers_drop_by_drop_is_given_up_when_all_must_be_there():
    with answered_by(Drips) as (server, bucket):
        server.forgotten, server.daemon_threads, server.block_on_close = threading.Event(), True, False
        started = time.monotonic()
        bucket.until = started + 0.5

        with pytest.raises(FetchError, match="too slow"):
            bucket.get("a")
        assert time.monotonic() - started < 2.0
        server.forgotten.set()


class CutsOff(BaseHTTPRequestHandler):
    """Promises more than it sends."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)

    def log_message(self, *_):
        pass


def test_an_answer_that_is_cut_off_is_no_object():
    with answered_by(CutsOff) as (_, bucket), pytest.raises(FetchError, match="IncompleteRead"):
        bucket.get("a")
