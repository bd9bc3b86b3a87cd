"""The drift check: a function on a schedule."""

import json

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.function import Function
from infra.model_store import ModelStore
from infra.monitoring.capture import Capture
from infra.notifications import Notifications
from infra.packages.large_zip import large_zip
from infra.packages.linked import linked_packages
from infra.principals import own_service

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
        self._schedule(function, settings.every_hours, notifications.dead_letters)

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

    def _schedule(self, function: Function, every_hours: int, dead_letters: sqs.Queue) -> None:
        role = iam.Role(
            self,
            "ScheduleRole",
            assumed_by=own_service("scheduler"),
        )
        arn = function.lambda_function.function_arn
        role.add_to_principal_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[arn]))
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[dead_letters.queue_arn])
        )
        scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Looks for drift and for a fall in quality",
            schedule_expression=f"rate({every_hours} hour{'s' if every_hours > 1 else ''})",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=arn,
                role_arn=role.role_arn,
                input="{}",
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=3, maximum_event_age_in_seconds=3600
                ),
            ),
        ).node.add_dependency(role)
