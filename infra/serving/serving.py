"""The serving part of the stack: the predict function, and HTTPS in front of it."""

import json

from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.function import Function
from infra.model_store import ModelStore
from infra.packages.function_zip import left_out
from infra.serving.api import http_api


class Serving(Construct):
    """The endpoint. Callers need execute-api:Invoke, or a token where the environment names an issuer.

    Attributes:
        url: the address of POST /predict.
        api_id: of the HTTP API.
        function: the predict function.
        log_settings: what it records, as JSON: `sample`, `leave_out` and `caller` of model.toml's [log].
    """

    def __init__(self, scope: Construct, id_: str, deployment: Deployment, *, models: ModelStore) -> None:
        super().__init__(scope, id_)
        settings = deployment.settings
        self.function = Function(
            self,
            "Predict",
            deployment,
            name="predict",
            variables={
                names.MODEL_BUCKET: models.bucket.bucket_name,
                names.MODEL_NAME: deployment.model_name,
                names.LOG_SAMPLE: str(settings.log_sample),
                names.LOG_LEAVE_OUT: json.dumps(list(settings.log_leave_out)),
                names.LOG_CALLER: "true" if settings.log_caller else "false",
                **_stored_features(deployment),
                **({names.PROTOCOLS: ",".join(settings.protocols)} if settings.protocols else {}),
                "POWERTOOLS_METRICS_NAMESPACE": names.metric_namespace(deployment.environment.name),
            },
            memory_mb=512,
            timeout_seconds=10,
            log_days=deployment.environment.request_log_days,
            # What is off is not in the zip.
            without=left_out(features=settings.features is not None, protocols=bool(settings.protocols)),
        )
        models.grant_serve(self.function.role)
        api = http_api(self, deployment, self.function.lambda_function)
        self.url = f"{api.api_endpoint}/predict"
        self.api_id = api.api_id
        self.log_settings = json.dumps(
            {
                "sample": settings.log_sample,
                "leave_out": list(settings.log_leave_out),
                "caller": settings.log_caller,
            }
        )


def _stored_features(deployment: Deployment) -> dict[str, str]:
    """The variables of a function that reads stored features; none without a feature store."""
    if not (features := deployment.settings.features):
        return {}
    return {
        names.FEATURE_PROJECT: names.feature_project(deployment.model_name, deployment.environment.name),
        names.FEATURE_KEY_VERSION: str(features.key_version),
        names.FEATURES_MISSING: features.missing,
    }
