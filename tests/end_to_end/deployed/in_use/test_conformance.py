"""The endpoint does what its own OpenAPI document says, whatever is sent to it.

`make fuzz` runs the same with many more cases.
"""

import os
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from evergreen import names

CASES = int(os.environ.get("EVERGREEN_FUZZ_CASES", "150"))
# The gateway itself answers methods and routes that are not in the document.
NOT_OURS = [check for check in CHECKS.get_all() if check.__name__ in ("unsupported_method", "ignored_auth")]


class Signed(requests.auth.AuthBase):
    """Signs for IAM, and names the host that the address stands for."""

    def __init__(self, target, host: str) -> None:
        self._signer = SigV4Auth(target.session.get_credentials(), "execute-api", target.session.region_name)
        self._host = host

    def __call__(self, request):
        request.headers["Host"] = self._host
        signed = AWSRequest(request.method, request.url, data=request.body or b"", headers={"Host": self._host})
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request


@pytest.fixture(scope="module")
def endpoint(trained):
    """A session that signs, and the address of the endpoint."""
    url = urlsplit(trained.target.outputs[names.OUTPUT_PREDICT_URL])
    session = requests.Session()
    session.auth = Signed(trained.target, url.netloc)
    session.verify = str(trained.embedded.ca_file)
    session.trust_env = False
    return session, f"https://127.0.0.1:{url.port}"


@pytest.fixture(scope="module")
def document(endpoint):
    session, address = endpoint
    answer = session.get(f"{address}/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def test_the_document_describes_every_route(document):
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert described == set(names.ROUTES)


def test_health_is_the_functions_own_answer(endpoint):
    session, address = endpoint
    answer = session.get(f"{address}/health").json()
    assert answer == {"status": "ok", "model_version": session.get(f"{address}/model").json()["version"]}


def answered(endpoint, document, route: str, mode: GenerationMode) -> dict[int, int]:
    """Sends what schemathesis makes up for a route and holds each answer against the document; counts by status."""
    session, address = endpoint
    method, path = route.split()
    operation = schemathesis.openapi.from_dict(document)[path][method]
    statuses: dict[int, int] = {}

    @settings(max_examples=CASES, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        answer = case.call(base_url=address, session=session, verify=session.verify)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code < 500
        case.validate_response(answer, excluded_checks=NOT_OURS)

    check()
    print(f"{route}, {mode.value}: {sum(statuses.values())} requests, by status {dict(sorted(statuses.items()))}")
    return statuses


@pytest.mark.parametrize("route", names.ROUTES)
def test_what_the_document_allows_is_answered(endpoint, document, route):
    assert answered(endpoint, document, route, GenerationMode.POSITIVE).keys() <= {200, 202}


@pytest.mark.parametrize("route", [route for route in names.ROUTES if route.startswith("POST")])
def test_what_the_document_forbids_is_refused(endpoint, document, route):
    assert answered(endpoint, document, route, GenerationMode.NEGATIVE).keys() <= {400, 413, 415, 422}
