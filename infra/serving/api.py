"""The HTTP API in front of the predict function."""

import json

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.environments import Environment
from infra.logs import log_group

# One line of JSON per request that reaches the gateway, those that it refuses itself included.
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.identity.userArn",
    "ip": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latencyMs": "$context.responseLatency",
    "error": "$context.error.message",
}


def http_api(scope: Construct, deployment: Deployment, function: lambda_.Function) -> apigateway.HttpApi:
    """An API with the routes of the endpoint, all of which call the function."""
    api = apigateway.HttpApi(scope, "Api", create_default_stage=False, disable_execute_api_endpoint=False)
    integration = integrations.HttpLambdaIntegration("Predict", function)
    authorizer = _authorizer(deployment.environment)
    for route in deployment.settings.routes:
        method, path = route.split()
        api.add_routes(
            path=path, methods=[apigateway.HttpMethod[method]], integration=integration, authorizer=authorizer
        )
    _add_stage(scope, deployment, api)
    return api


def _add_stage(scope: Construct, deployment: Deployment, api: apigateway.HttpApi) -> None:
    log = log_group(scope, "AccessLog", deployment, name=names.access_log(Stack.of(scope).stack_name))
    stage = apigateway.HttpStage(
        scope,
        "Stage",
        http_api=api,
        stage_name="$default",
        auto_deploy=True,
        throttle=apigateway.ThrottleSettings(
            rate_limit=deployment.environment.requests_per_second, burst_limit=deployment.environment.burst
        ),
    )
    resource = stage.node.default_child
    assert isinstance(resource, apigateway.CfnStage)
    resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
        destination_arn=log.log_group_arn, format=json.dumps(_ACCESS_LOG)
    )


def _authorizer(environment: Environment) -> apigateway.IHttpRouteAuthorizer:
    """IAM signatures, or tokens of the issuer that the environment names."""
    if environment.token_issuer is None:
        return authorizers.HttpIamAuthorizer()
    return authorizers.HttpJwtAuthorizer(
        "Tokens", environment.token_issuer, jwt_audience=list(environment.token_audience)
    )
