"""[endpoint] protocols: their routes lead to the same function; without them there is nothing of them."""

import zipfile

import pytest

from evergreen import names
from infra.packages.function_zip import function_zip, left_out
from tests.infrastructure.conftest import differences

PREDICT = "Prediction/Predict/Function/Resource"


def test_without_protocols_nothing_in_the_template_speaks_of_them(template):
    text = template.file.read_text()
    assert names.PROTOCOLS not in text
    assert not any(path in text for path in ("/v1/models", "/v2/", "/invocations"))


def test_with_protocols_nothing_else_is_changed_than_the_function_and_its_routes(template, template_with_protocols):
    found, new = differences(template, template_with_protocols)

    assert found == {
        (PREDICT, "Properties", "Environment", "Variables", names.PROTOCOLS),
        (PREDICT, "Properties", "Code", "S3Key"),
    }
    assert all(path.startswith("Prediction/Api/") for path in new)


def test_every_route_of_theirs_asks_for_the_same_authorisation(template_with_protocols):
    routes = list(template_with_protocols.properties("AWS::ApiGatewayV2::Route").values())

    expected = {*names.ROUTES, *(route for routes in names.PROTOCOL_ROUTES.values() for route in routes)}
    assert {route["RouteKey"] for route in routes} == expected
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}


@pytest.mark.parametrize("protocol", names.PROTOCOL_ROUTES)
def test_no_two_routes_of_the_endpoint_match_the_same_request(protocol):
    """A gateway's parameter matches one part of a path, whatever it is."""
    own = [route.split() for route in names.PROTOCOL_ROUTES[protocol]]
    for method, path in own:
        others = [each for each in own if each != [method, path] and each[0] == method]
        parts = path.split("/")
        for _, other in others:
            same = [a == b or "{" in a + b for a, b in zip(parts, other.split("/"), strict=False)]
            assert len(parts) != len(other.split("/")) or not all(same), (path, other)


def test_the_endpoints_zip_has_the_translators_only_with_protocols():
    def translators(*, protocols):
        package = function_zip("predict", without=left_out(features=False, protocols=protocols))
        return {name for name in zipfile.ZipFile(package).namelist() if "/protocols/" in name and "pycache" not in name}

    assert len(translators(protocols=True)) == 8
    assert not translators(protocols=False)
