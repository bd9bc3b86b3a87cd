"""The endpoint of a stack in which nothing has been trained. This file's name makes it the first of its folder."""

import json
import ssl
import urllib.error
import urllib.request

import pytest

from cli.aws.checks import Checks
from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.registry import Registry
from cli.findings import Status
from cli.smoke.run import smoke
from evergreen import names


@pytest.fixture(autouse=True)
def _nothing_is_trained(cloud):
    assert Registry(cloud.target).champions().pointers == [], "these tests must run before those that train"


def test_before_the_first_training_the_endpoint_says_what_to_run(cloud):
    with pytest.raises(RequestRefused) as caught:
        Endpoint(cloud.target).predict({"features": {}})

    assert caught.value.status == 503
    assert "evergreen train" in caught.value.body["detail"]


def test_before_the_first_training_a_check_says_what_to_run(cloud):
    result = Checks(cloud.target).run()

    assert result["status"] == "insufficient data"
    assert "evergreen train" in result["reason"]


def test_before_the_first_training_smoke_has_one_failure_and_looks_at_the_rest(cloud):
    found = smoke(cloud.target, wait=None, tell=lambda _finding: None, progress=lambda _words: None)
    findings = {finding.check: finding for finding in found}

    failing = {check for check, finding in findings.items() if finding.status == Status.FAILED}
    assert failing - {"alarms"} == {"champion"}
    assert findings["champion"].remedy == "train first: evergreen train -e dev --local"
    assert "evergreen train" in findings["endpoint"].found
    for check in ("endpoint", "unknown route", "unsigned request"):
        assert findings[check].status == Status.OK
    assert findings["predict"].status == Status.SKIPPED
    assert "removal" not in findings, "nothing was sent"


def test_an_unsigned_request_does_not_reach_the_function(cloud):
    url = cloud.target.outputs[names.OUTPUT_PREDICT_URL]
    port = url.split(":")[2].split("/")[0]
    request = urllib.request.Request(
        f"https://127.0.0.1:{port}/predict", data=b"{}", headers={"Host": url.split("/")[2]}, method="POST"
    )
    context = ssl.create_default_context(cafile=str(cloud.embedded.ca_file))

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, context=context)

    assert caught.value.code == 403
    assert json.loads(caught.value.read()) == {"message": "Forbidden"}
