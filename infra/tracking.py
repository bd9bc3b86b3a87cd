"""MLflow: a server that is given by its URL, or the serverless MLflow App of SageMaker."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.model_store import ModelStore
from infra.principals import own_service

# A server that is down is asked again three times within some seconds, and then a function fails, which the workflow
# tells people at once. A client would go on for minutes by MLflow's own settings, which is longer than Promote has. The
# training job keeps those: an App that wakes slowly must not end a finished fit.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


# Regions without the App, by CloudFormation's schemas; there a deployment would fail half-way.
WITHOUT_APP = frozenset(
    (
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-2"),
        *("ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
        *("ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1"),
        *("me-central-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1"),
    )
)


class UnsupportedRegion(Exception):
    """The region lacks a service that the stack needs."""


class Tracking(Construct):
    """`uri` is what MLflow clients take: a URL, or the App's ARN."""

    def __init__(self, scope: Construct, id_: str, deployment: Deployment, *, store: ModelStore) -> None:
        """
        Raises:
            UnsupportedRegion: it has no MLflow App, and no server is given.
        """
        super().__init__(scope, id_)
        self._store = store
        self._app: sagemaker.CfnMlflowApp | None = None
        if deployment.tracking_url:
            self.uri = deployment.tracking_url
            return
        region = deployment.environment.region
        if region in WITHOUT_APP:
            raise UnsupportedRegion(
                f"{deployment.stack_name}: SageMaker has no MLflow App in {region}. Choose another region in "
                f"infra/environments.py, or name a server of your own in {names.TRACKING_URI}"
            )
        role = iam.Role(self, "Role", assumed_by=own_service("sagemaker"))
        store.grant_serve_artifacts(role)
        self._app = sagemaker.CfnMlflowApp(
            self,
            "App",
            name=deployment.stack_name,
            artifact_store_uri=store.bucket.s3_url_for_object(names.TRACKING_PREFIX.rstrip("/")),
            role_arn=role.role_arn,
        )
        # The App takes on its role when it is created, and looks at the bucket.
        self._app.node.add_dependency(role)
        self.uri = self._app.attr_arn

    @property
    def function_variables(self) -> dict[str, str]:
        """The environment of a function that calls MLflow."""
        return {names.TRACKING_URI: self.uri, **_PATIENCE}

    def grant_log(self, grantee: iam.IGrantable) -> None:
        """Log runs, register models and move aliases. A given URL has its own ways of authorisation."""
        if self._app:
            grantee.grant_principal.add_to_principal_policy(
                iam.PolicyStatement(actions=["sagemaker:CallMlflowAppApi"], resources=[self._app.attr_arn])
            )
            self._store.grant_artifacts(grantee)
