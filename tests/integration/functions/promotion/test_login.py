"""The login at an MLflow server: from Secrets Manager into the requests of MLflow's client, and nowhere else."""

import base64
import json
import logging
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from mlflow import MlflowClient

from evergreen import names, tracking_login
from evergreen.errors import TrackingLoginFailed

SECRET = "mlflow/login"
BASIC = f"Basic {base64.b64encode('me:p ä55'.encode()).decode()}"
VARIABLES = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")


@pytest.fixture
def server():
    """Stands in for an MLflow server with one version; keeps the authorization of each request."""
    seen = []

    class Mlflow(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers["Authorization"])
            body = json.dumps({"model_version": {"name": "m", "version": "1", "creation_timestamp": 0}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Mlflow)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    httpd.seen = seen
    yield httpd
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def secrets(monkeypatch, moto_server, server):
    for name in VARIABLES:
        monkeypatch.setenv(name, "of before")  # restored after the test, whatever the login sets
    for name, value in {
        names.TRACKING_URI: f"http://127.0.0.1:{server.server_port}",
        names.TRACKING_SECRET: SECRET,
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
    }.items():
        monkeypatch.setenv(name, value)
    # It keeps the credentials of whoever came first.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    client = boto3.client("secretsmanager")
    yield client
    for secret in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


def authorization(server):
    """What a request of MLflow's client carries after the login."""
    tracking_login.log_in(boto3.client)
    MlflowClient(tracking_uri=os.environ[names.TRACKING_URI]).get_model_version("m", "1")
    return server.seen[-1]


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("abc.def-123\n", "Bearer abc.def-123"),
        ("12345", "Bearer 12345"),
        ('{"token": "abc"}', "Bearer abc"),
        # As Secrets Manager keeps the logins of databases.
        ('{"username": "me", "password": "p \\u00e455", "host": "x"}', BASIC),
    ],
)
def test_requests_to_mlflow_carry_the_login_of_the_secret(secrets, server, secret, expected):
    secrets.create_secret(Name=SECRET, SecretString=secret)

    assert authorization(server) == expected


def test_a_changed_secret_holds_from_the_next_run_on(secrets, server):
    secrets.create_secret(Name=SECRET, SecretString='{"username": "me", "password": "old"}')
    authorization(server)
    secrets.put_secret_value(SecretId=SECRET, SecretString="token")

    assert authorization(server) == "Bearer token"


@pytest.mark.parametrize(
    "secret", [" ", "two words", '{"password": "hidden"}', '{"token": 7}', '["hidden"]', '"hidden"']
)
def test_a_secret_that_is_no_login_is_named_and_not_shown(secrets, secret):
    secrets.create_secret(Name=SECRET, SecretString=secret)

    with pytest.raises(TrackingLoginFailed, match='mlflow/login must be a token, or JSON with "token"') as refused:
        tracking_login.log_in(boto3.client)
    assert "hidden" not in str(refused.value)


def test_a_missing_secret_is_named(secrets):  # noqa: ARG001 - the account is empty
    with pytest.raises(TrackingLoginFailed, match=r"from the secret mlflow/login: .*ResourceNotFoundException"):
        tracking_login.log_in(boto3.client)


@pytest.mark.parametrize("name", [names.TRACKING_SECRET, names.TRACKING_URI])
def test_without_a_secret_or_a_server_no_client_is_made(secrets, monkeypatch, name):  # noqa: ARG001
    monkeypatch.setenv(name, "")

    tracking_login.log_in(lambda _: pytest.fail("a client was made"))


def test_the_plugin_for_sagemakers_mlflow_is_silent_beside_another_server(secrets, server, caplog):
    secrets.create_secret(Name=SECRET, SecretString="token")

    authorization(server)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
