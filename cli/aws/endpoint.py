"""Calls the HTTPS endpoint, signed for IAM authorisation."""

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cli.aws.target import Target
from evergreen import names
from evergreen.errors import CommandFailed

# Seconds. The predict function reads the pointer about once a minute; more than twice that is a fault.
_PATIENCE = 120
_POLL = 1.0


class RequestRefused(CommandFailed):
    """The endpoint refused a request; `status` and `body` are its answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(_in_words(status, body))
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Answer:
    """The status of an answer, and its document; text that is no JSON object is a `message`."""

    status: int
    body: dict[str, Any]

    @property
    def words(self) -> str:
        """What it says, in one sentence."""
        return str(self.body.get("detail") or self.body.get("message") or self.body)


class Endpoint:
    """The routes of a deployed stack."""

    def __init__(self, target: Target) -> None:
        # Not at the top: `evergreen predict --help` does without it.
        from botocore.httpsession import URLLib3Session

        self._credentials = target.session.get_credentials()
        self._region = target.session.region_name
        self._url = target.outputs[names.OUTPUT_PREDICT_URL]
        self._http = URLLib3Session(
            verify=os.environ.get("AWS_CA_BUNDLE") or True,
            timeout=30,
            # Headers and body are sent apart; without this, the body waits 40 ms until the headers are acknowledged.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    def predict(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST /predict.

        Raises:
            RequestRefused: the answer was not 200.
        """
        return self._call("POST", "/predict", json.dumps(body).encode())

    def feedback(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST /feedback.

        Raises:
            RequestRefused: the labels were not accepted.
        """
        return self._call("POST", "/feedback", json.dumps(body).encode())

    def model(self) -> dict[str, Any]:
        """GET /model.

        Raises:
            RequestRefused: the answer was not 200.
        """
        return self._call("GET", "/model", b"")

    def await_version(self, version: str, progress: Callable[[str], None]) -> None:
        """Wait until the endpoint serves a version.

        Args:
            progress: told, now and then, what is still served.

        Raises:
            CommandFailed: it does not within two minutes.
        """
        deadline = time.monotonic() + _PATIENCE
        while (served := self.model()["version"]) != version:
            if time.monotonic() > deadline:
                raise CommandFailed(
                    f"the endpoint still serves {served} after {_PATIENCE} s; see the predict function's log"
                )
            progress(f"{served} is still served; the function looks once a minute")
            time.sleep(_POLL)

    def ask(self, method: str, path: str, body: bytes = b"", *, signed: bool = True, wrong_key: bool = False) -> Answer:
        """The answer to any request, whatever its status.

        Args:
            path: with a slash at its beginning.
            wrong_key: sign with another secret key than the caller's.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        url = self._url.removesuffix("/predict") + path
        host = urlsplit(url).netloc
        headers = {"Host": host, "Content-Type": "application/json"}
        request = AWSRequest(method, _reachable(url), data=body, headers=headers)
        credentials = self._credentials
        if wrong_key:
            credentials = Credentials(credentials.access_key, credentials.secret_key[::-1], credentials.token)
        if signed:
            SigV4Auth(credentials, "execute-api", self._region).add_auth(request)
        answer = self._http.send(request.prepare())
        try:
            document = dict(json.loads(answer.content))
        except (ValueError, TypeError):
            document = {"message": answer.content.decode(errors="replace")[:300]}
        return Answer(answer.status_code, document)

    def _call(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        answer = self.ask(method, path, body)
        if answer.status not in (200, 202):
            raise RequestRefused(answer.status, answer.body)
        return answer.body


def _reachable(url: str) -> str:
    """The URL with 127.0.0.1 for *.localhost: RFC 6761 makes them the same, but not every resolver knows it."""
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(".localhost"):
        return urlunsplit(parts._replace(netloc=f"127.0.0.1:{parts.port}"))
    return url


def _in_words(status: int, body: dict[str, Any]) -> str:
    if status == 403:
        return f"the endpoint answered 403 ({body.get('message')}): your credentials need execute-api:Invoke on it"
    return f"the endpoint answered {status}: {body.get('detail') or body.get('message') or body}"
