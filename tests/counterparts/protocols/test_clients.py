"""Real clients of each protocol predict on the deployed endpoint, through the proxy that signs for them."""

import json
import urllib.error
import urllib.request

import pandas as pd
import pytest
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from tests.counterparts.protocols.conftest import NAME, signing_proxy
from tests.end_to_end.clouds import environment, person


def ask(served, path, body=None):
    """Status and document of an unsigned request to the proxy."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"http://{served.address}{path}", data=data, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_tritonclient_infers_in_both_of_its_forms(served):
    expected = served.own()

    found = served.run("triton")

    assert found["live"] is found["ready"] is found["model ready"] is True
    for form in ("binary", "binary, outputs named", "json", "version"):
        assert found[form]["predictions"] == expected, form
        assert len(set(found[form]["ids"])) == len(expected)
    assert found["another model"].startswith("[404] Model flats not found")
    assert "version 1 not found" in found["another version"]


def test_kserves_client_speaks_both_versions(served):
    expected = served.own()

    found = served.run("kserve_client")

    assert found["v1"]["ready"] is True
    assert found["v1"]["predictions"] == expected
    assert "instances[0]" in found["v1"]["refused"], found["v1"]["refused"]
    assert found["v2"] == {"live": True, "ready": True, "model ready": True, "binary": expected, "json": expected}


def test_what_mlservers_codecs_encode_is_understood(served):
    expected = served.own()

    found = served.run("codecs_of_mlserver", url=f"http://{served.address}")

    assert found["frame"]["predict"] == found["columns"]["predict"] == expected


def test_mlflows_scoring_client_invokes(served):
    host, port = served.address.split(":")
    client = ScoringServerClient(host, int(port))

    client.wait_server_ready(timeout=10)
    answer = client.invoke(pd.DataFrame(served.rows))

    assert answer.get_predictions()[0].tolist() == served.own()


# The requests of TensorFlow Serving's documentation, of a model with the same inputs.
@pytest.mark.parametrize("form", ["row", "column"])
def test_requests_as_tensorflow_documents_them_are_answered(served, form):
    rows = served.rows[:2]
    body = {"instances": rows} if form == "row" else {"inputs": {key: [row[key] for row in rows] for key in rows[0]}}

    status, answer = ask(served, f"/v1/models/{NAME}:predict", {"signature_name": "serving_default", **body})

    assert status == 200
    assert answer["predictions" if form == "row" else "outputs"] == served.own(rows)
    status, answer = ask(served, f"/v1/models/{NAME}")
    assert answer["model_version_status"][0]["state"] == "AVAILABLE"
    version = answer["model_version_status"][0]["version"]
    status, answer = ask(served, f"/v1/models/{NAME}/versions/{version}/metadata")
    assert answer["model_spec"]["version"] == version
    status, answer = ask(served, f"/v1/models/{NAME}:regress", {"examples": rows})
    assert answer["results"] == served.own(rows)
    status, answer = ask(served, f"/v1/models/{NAME}:predict", {"instances": [{**rows[0], "month": "May"}]})
    assert (status, answer.keys()) == (400, {"error"})


def test_a_proxy_without_credentials_for_the_endpoint_is_refused_by_the_gateway(served, tmp_path):
    nobody = person(served.deployed.target)
    as_nobody = environment({**served.deployed.embedded.environment(), **nobody})
    with as_nobody, signing_proxy(tmp_path, served.deployed) as address:
        request = urllib.request.Request(f"http://{address}/v2/health/live")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=10)
