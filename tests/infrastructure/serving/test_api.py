"""The HTTP API answers signed callers only, within its throttle, and logs every request."""

import dataclasses
import json

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from evergreen.names import LOG_CALLER, LOG_LEAVE_OUT, LOG_SAMPLE, OUTPUT_LOG_SETTINGS, ROUTES
from infra.environments import ENVIRONMENTS
from infra.model_store import ModelStore
from infra.serving.serving import Serving
from tests.infrastructure.conftest import deployment_to


def test_every_route_asks_for_iam_authorisation(template):
    routes = list(template.properties("AWS::ApiGatewayV2::Route").values())
    assert {route["RouteKey"] for route in routes} == set(ROUTES)
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}


def test_the_stack_says_what_its_function_records(template):
    said = json.loads(template.document["Outputs"][OUTPUT_LOG_SETTINGS]["Value"])
    (variables,) = (
        function["Environment"]["Variables"]
        for path, function in template.properties("AWS::Lambda::Function").items()
        if path.startswith("Prediction/Predict")
    )
    assert said == {
        "sample": float(variables[LOG_SAMPLE]),
        "leave_out": json.loads(variables[LOG_LEAVE_OUT]),
        "caller": variables[LOG_CALLER] == "true",
    }


def test_an_environment_may_ask_for_tokens_instead(tmp_path):
    asking = dataclasses.replace(ENVIRONMENTS[0], token_issuer="https://issuer.example.com", token_audience=("me",))
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "tokens", env={"region": asking.region})
    deployment = deployment_to(asking)
    Serving(stack, "Api", deployment, models=ModelStore(stack, "Models", deployment))
    template = Template.from_stack(stack)

    template.has_resource_properties(
        "AWS::ApiGatewayV2::Authorizer",
        {
            "AuthorizerType": "JWT",
            "JwtConfiguration": {"Audience": ["me"], "Issuer": "https://issuer.example.com"},
            "IdentitySource": ["$request.header.Authorization"],
        },
    )
    template.all_resources_properties("AWS::ApiGatewayV2::Route", {"AuthorizationType": "JWT"})


def test_browsers_of_other_sites_are_not_let_in(template):
    api = template.only("AWS::ApiGatewayV2::Api")
    assert api["ProtocolType"] == "HTTP"
    assert "CorsConfiguration" not in api


def test_the_stage_is_throttled_as_the_environment_says(template):
    stage = template.only("AWS::ApiGatewayV2::Stage")
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == template.environment.requests_per_second
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == template.environment.burst
    # A route's own settings would take the place of the stage's.
    assert "RouteSettings" not in stage


def test_every_request_is_logged_with_its_caller_and_its_outcome(template):
    settings = template.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]
    groups = template.properties("AWS::Logs::LogGroup")
    assert settings["DestinationArn"].startswith("arn:aws:logs:")
    assert ":log-group:prediction-accesslog" in settings["DestinationArn"]
    # API Gateway's log delivery may write to groups of this prefix.
    assert groups["Prediction/AccessLog"]["LogGroupName"].startswith("/aws/vendedlogs/")
    # A region has ten resource policies, and the account has one for this prefix.
    assert template.resources("AWS::Logs::ResourcePolicy") == {}
    assert {
        "$context.requestId",
        "$context.identity.userArn",
        "$context.routeKey",
        "$context.status",
        "$context.error.message",
    } <= set(json.loads(settings["Format"]).values())


def test_only_this_api_may_invoke_the_predict_function_and_only_on_its_routes(template):
    permissions = [
        permission
        for permission in template.properties("AWS::Lambda::Permission").values()
        if permission["FunctionName"].endswith(":function:prediction-predict-function")
    ]
    region = template.environment.region
    assert {permission["SourceArn"] for permission in permissions} == {
        f"arn:aws:execute-api:{region}:111122223333:prediction-api/*/*{route.split()[1]}" for route in ROUTES
    }
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"


def test_all_routes_lead_to_the_predict_function(template):
    integrations = template.properties("AWS::ApiGatewayV2::Integration")
    for route in template.properties("AWS::ApiGatewayV2::Route").values():
        names = {path.replace("/", "-").lower(): found for path, found in integrations.items()}
        integration = names[route["Target"].removeprefix("integrations/")]
        assert integration["IntegrationUri"].endswith(":function:prediction-predict-function")
        # The form of the event that the handler's resolver reads.
        assert integration["PayloadFormatVersion"] == "2.0"
