"""The drift check: a function on a schedule."""

import json

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.function import Function
from infra.model_store import ModelStore
from infra.monitoring.capture import Capture
from infra.notifications import Notifications
from infra.packages.large_zip import large_zip
from infra.packages.linked import linked_packages
from infra.schedule import schedule

# A window of a million rows takes about a gigabyte; a new account has a limit of 3,008 MB.
_MEMORY_MB = 3008
# The packages, packed and unpacked.
_STORAGE_MB = 2048


class DriftCheck(Construct):
    """`function_name` is what is invoked to have a check made now."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        models: ModelStore,
        capture: Capture,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, id_)
        settings = deployment.settings
        large = linked_packages if deployment.for_this_machine else large_zip
        packages = assets.Asset(self, "Packages", path=str(large("check_drift")))
        function = Function(
            self,
            "CheckDrift",
            deployment,
            name="check_drift",
            service=names.MONITORING_SERVICE,
            variables={
                names.MODEL_BUCKET: models.bucket.bucket_name,
                names.MODEL_NAME: deployment.model_name,
                names.CAPTURE_BUCKET: capture.bucket.bucket_name,
                names.PACKAGES_BUCKET: packages.s3_bucket_name,
                names.PACKAGES_KEY: packages.s3_object_key,
                names.WINDOW_HOURS: str(settings.window_hours),
                names.LOG_LEAVE_OUT: json.dumps(list(settings.log_leave_out)),
                "POWERTOOLS_METRICS_NAMESPACE": names.metric_namespace(deployment.environment.name),
            },
            memory_mb=_MEMORY_MB,
            storage_mb=_STORAGE_MB,
            timeout_seconds=900,
            dead_letters=notifications.dead_letters,
        )
        models.grant_read_models(function.role)
        capture.grant_read_captures(function.role)
        capture.grant_write_checks(function.role)
        function.lambda_function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[packages.bucket.arn_for_objects(packages.s3_object_key)]
            )
        )
        self._function = function.lambda_function
        self.function_name = function.lambda_function.function_name
        schedule(
            self,
            function.lambda_function.function_arn,
            action="lambda:InvokeFunction",
            every=settings.every_hours,
            unit="hour",
            description="Looks for drift and for a fall in quality",
            dead_letters=notifications.dead_letters,
            input_="{}",
        )

    def grant_renew(self, workflow: str, settings: str, models: ModelStore) -> None:
        """Start a renewal, and know what the last one was about.

        Args:
            workflow: its ARN.
            settings: [renewal] of model.toml, as JSON.
        """
        self._function.add_environment(names.RENEWAL_WORKFLOW, workflow)
        self._function.add_environment(names.RENEWAL, settings)
        models.grant_read_ledger(self._function)
        self._function.add_to_role_policy(iam.PolicyStatement(actions=["states:StartExecution"], resources=[workflow]))
