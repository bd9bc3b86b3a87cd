"""MLflow: a server that is given by its URL, or the serverless MLflow App of SageMaker."""

import re
from urllib.parse import urlsplit

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from evergreen import names
from infra.arns import own_arn
from infra.deployment import Deployment
from infra.environments import WITHOUT_MLFLOW_APP
from infra.model_store import ModelStore

# A server that is down is asked again three times within some seconds, and then a function fails, which the workflow
# tells people at once. A client would go on for minutes by MLflow's own settings, which is longer than Promote has. The
# training job keeps those: an App that wakes slowly must not end a finished fit.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


class UnusableTracking(Exception):
    """Neither the MLflow App nor a server of one's own can be used as it is asked for."""


class Tracking(Construct):
    """`uri` is what MLflow clients take: a URL, or the App's ARN."""

    def __init__(self, scope: Construct, id_: str, deployment: Deployment, *, store: ModelStore) -> None:
        """
        Raises:
            UnusableTracking: the region has no MLflow App, and no server is given; or a login would not be secret.
        """
        super().__init__(scope, id_)
        self._store = store
        self._app: sagemaker.CfnMlflowApp | None = None
        self._secret = deployment.tracking_secret
        _check_login(deployment.tracking_url, self._secret)
        if deployment.tracking_url:
            self.uri = deployment.tracking_url
            return
        region = deployment.environment.region
        if region in WITHOUT_MLFLOW_APP:
            raise UnusableTracking(
                f"{deployment.stack_name}: SageMaker has no MLflow App in {region}. Choose another region in "
                f"infra/environments.py, or name a server of your own in {names.TRACKING_URI}"
            )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
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
        return {**self.variables, **_PATIENCE}

    @property
    def variables(self) -> dict[str, str]:
        """Where MLflow is, and the name of the secret with the login, if there is one."""
        return {names.TRACKING_URI: self.uri, **({names.TRACKING_SECRET: self._secret} if self._secret else {})}

    def grant_log(self, grantee: iam.IGrantable) -> None:
        """Log runs, register models and move aliases. A server of one's own asks for a login instead."""
        if self._secret:
            grant_read_secret(grantee, self._secret)
        if self._app:
            self.grant_call(grantee)
            self._store.grant_artifacts(grantee)

    def grant_call(self, grantee: iam.IGrantable) -> None:
        """Call the App's API, of which IAM knows no parts. A server of one's own asks for a login instead."""
        if self._app:
            grantee.grant_principal.add_to_principal_policy(
                iam.PolicyStatement(actions=["sagemaker:CallMlflowAppApi"], resources=[self._app.attr_arn])
            )


def grant_read_secret(grantee: iam.IGrantable, name: str) -> None:
    # Secrets Manager puts a hyphen and six characters behind a name.
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(
            actions=["secretsmanager:GetSecretValue"],
            resources=[own_arn("secretsmanager", f"secret:{name}-??????")],
        )
    )


def _check_login(url: str | None, secret: str | None) -> None:
    """
    Raises:
        UnusableTracking: a password would stand in the template or go over the network in clear; or the secret's name
            cannot be one.
    """
    parts = urlsplit(url or "")
    if parts.username or parts.password:
        raise UnusableTracking(
            f"{names.TRACKING_URI} holds a login, which would stand in the template. Store it in Secrets Manager and "
            f"name the secret in {names.TRACKING_SECRET}"
        )
    if not secret:
        return
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", secret):
        raise UnusableTracking(f"{names.TRACKING_SECRET} must be the name of a secret (not its ARN), got {secret!r}")
    if parts.scheme != "https":
        raise UnusableTracking(
            f"{names.TRACKING_SECRET} is the login of a server of your own: "
            f"{names.TRACKING_URI} must be its https:// URL"
        )
