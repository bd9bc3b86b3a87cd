"""Requests of the predict-batch component to a stack's endpoint.

Each function goes into the component with its source alone, and so imports what it needs itself.
"""

from typing import Any


def call_endpoint(
    url: str, method: str, path: str, *, region: str = "", body: dict[str, Any] | None = None
) -> tuple[int, Any]:
    """Status and document of a request to the endpoint, signed for IAM."""
    import json
    import os
    from urllib.parse import urlsplit

    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
    credentials = session.get_credentials()
    if credentials is None:
        raise RuntimeError("no AWS credentials: give this task's pod a role")
    place = urlsplit(url.removesuffix("/predict") + path)
    # A cloud on this machine: not every resolver knows that names under localhost are it.
    reached = place
    if (place.hostname or "").endswith(".localhost"):
        reached = place._replace(netloc=f"127.0.0.1:{place.port}")
    request = AWSRequest(
        method,
        reached.geturl(),
        data=json.dumps(body).encode() if body is not None else b"",
        headers={"Host": place.netloc, "Content-Type": "application/json"},
    )
    SigV4Auth(credentials, "execute-api", session.region_name).add_auth(request)
    http = URLLib3Session(verify=os.environ.get("AWS_CA_BUNDLE") or True, timeout=60)
    answer = http.send(request.prepare())
    try:
        return answer.status_code, json.loads(answer.content)
    except ValueError:
        return answer.status_code, answer.content.decode(errors="replace")[:300]


def read_rows(path: str, name: str) -> list[Any]:
    """The objects of a file of JSON lines. Raises RuntimeError, which names the first line that is none."""
    import json
    from pathlib import Path

    rows = []
    # A text may hold other characters that end a line elsewhere.
    for number, line in enumerate(Path(path).read_bytes().split(b"\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise RuntimeError(f"{name}, line {number}: one JSON object a line is expected: {error}") from error
    if not rows:
        raise RuntimeError(f"{name} has no rows: one JSON object a line is expected")
    return rows


def answer_of(
    url: str, method: str, path: str, what: str, *, region: str = "", body: dict[str, Any] | None = None
) -> Any:
    """The endpoint's answer, asked for again for two minutes while it is busy or out of reach; None if the request is
    too large. Raises RuntimeError with its words otherwise.
    """
    import time

    from botocore.exceptions import HTTPClientError

    deadline = time.monotonic() + 120
    while True:
        try:
            status, answer = call_endpoint(url, method, path, region=region, body=body)
        except HTTPClientError as error:
            status, answer = 503, str(error)
        if status == 200:
            return answer
        if status == 413 or (status == 400 and "must hold 1 to" in str(answer)):
            return None
        if status not in (429, 502, 503, 504) or time.monotonic() > deadline:
            words = answer.get("detail") or answer.get("message") or answer if isinstance(answer, dict) else answer
            remedy = ": the role of this task needs execute-api:Invoke on it" if status == 403 else ""
            raise RuntimeError(f"the endpoint answered {status} to {what}{remedy}: {words}")
        time.sleep(2)


def predict_all(url: str, instances: list[Any], version: str, *, region: str = "") -> list[Any]:
    """The predictions of a version, in the order of the rows.

    Each instance of the function looks once a minute for which version serves, so that some still answer with the one
    before: what they answer does not count. Raises RuntimeError if another one answers after two minutes still.
    """
    import time

    answered = []
    size, since = 500, time.monotonic()
    while len(answered) < len(instances):
        first = len(answered)
        part = instances[first : first + size]
        what = f"rows {first + 1} to {first + len(part)}"
        answer = answer_of(url, "POST", "/predict", what, region=region, body={"instances": part})
        if answer is None:
            if len(part) == 1:
                raise RuntimeError(f"row {first + 1} is larger than a request may be")
            size = (len(part) + 1) // 2
        elif answer["model_version"] == version:
            answered += answer["predictions"]
            since = time.monotonic()
        elif time.monotonic() > since + 120:
            raise RuntimeError(
                f"the endpoint serves {answer['model_version']} and not {version}, which is to predict {what}; if it "
                "has been replaced meanwhile, run this again"
            )
        else:
            time.sleep(2)
    return answered
