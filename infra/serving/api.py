"""The HTTPS endpoint: an HTTP API with IAM authorisation in front of the predict function."""

import json
from collections.abc import Sequence

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from evergreen import names
from infra.environments import Environment
from infra.function import Function, retention
from infra.model_store import ModelStore

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


class PredictionApi(Construct):
    """`url` is the address of POST /predict. Callers need execute-api:Invoke, or a token where the environment asks."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        model_name: str,
        models: ModelStore,
        log_sample: float,
        log_leave_out: Sequence[str],
        for_this_machine: bool,
    ) -> None:
        super().__init__(scope, id_)
        function = Function(
            self,
            "Predict",
            name="predict",
            variables={
                names.MODEL_BUCKET: models.bucket.bucket_name,
                names.MODEL_NAME: model_name,
                names.LOG_SAMPLE: str(log_sample),
                names.LOG_LEAVE_OUT: json.dumps(list(log_leave_out)),
                "POWERTOOLS_METRICS_NAMESPACE": names.metric_namespace(environment.name),
            },
            memory_mb=512,
            timeout_seconds=10,
            retention_days=environment.retention_days,
            for_this_machine=for_this_machine,
        )
        models.grant_read_models(function.role)
        api = apigateway.HttpApi(self, "Api", create_default_stage=False, disable_execute_api_endpoint=False)
        integration = integrations.HttpLambdaIntegration("Predict", function.lambda_function)
        authorizer = _authorizer(environment)
        for route in names.ROUTES:
            method, path = route.split()
            api.add_routes(
                path=path, methods=[apigateway.HttpMethod[method]], integration=integration, authorizer=authorizer
            )
        self._add_stage(api, environment)
        self.url = f"{api.api_endpoint}/predict"
        self.api_id = api.api_id
        self.function = function

    def _add_stage(self, api: apigateway.HttpApi, environment: Environment) -> None:
        log = logs.LogGroup(
            self,
            "AccessLog",
            # API Gateway looks for a name of this form when it is allowed to write by the account's log policy.
            log_group_name=f"/aws/vendedlogs/{Stack.of(self).stack_name}/access",
            retention=retention(environment.retention_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        log.grant_write(iam.ServicePrincipal("delivery.logs.amazonaws.com"))
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=environment.requests_per_second, burst_limit=environment.burst
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
