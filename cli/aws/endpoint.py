"""Calls the HTTPS endpoint, signed for IAM authorisation."""

import json
import os
import socket
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cli.aws.target import Target
from evergreen import names
from evergreen.errors import CommandFailed


class RequestRefused(CommandFailed):
    """The endpoint refused a request; `status` and `body` are its answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(_in_words(status, body))
        self.status = status
        self.body = body


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
        return self._call("POST", self._url, json.dumps(body).encode())

    def feedback(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST /feedback.

        Raises:
            RequestRefused: the labels were not accepted.
        """
        return self._call("POST", self._url.removesuffix("/predict") + "/feedback", json.dumps(body).encode())

    def model(self) -> dict[str, Any]:
        """GET /model.

        Raises:
            RequestRefused: the answer was not 200.
        """
        return self._call("GET", self._url.removesuffix("/predict") + "/model", b"")

    def _call(self, method: str, url: str, body: bytes) -> dict[str, Any]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        host = urlsplit(url).netloc
        headers = {"Host": host, "Content-Type": "application/json"}
        request = AWSRequest(method, _reachable(url), data=body, headers=headers)
        SigV4Auth(self._credentials, "execute-api", self._region).add_auth(request)
        answer = self._http.send(request.prepare())
        try:
            document = json.loads(answer.content)
        except ValueError:
            document = {"message": answer.content.decode(errors="replace")[:300]}
        if answer.status_code not in (200, 202):
            raise RequestRefused(answer.status_code, document)
        return dict(document)


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
