"""The renewal part of the stack: the workflow, its bookkeeping, and what starts it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from evergreen import names
from infra.data_store import DataStore
from infra.deployment import Deployment
from infra.function import Function
from infra.model_store import ModelStore
from infra.monitoring.monitoring import Monitoring
from infra.notifications import Notifications
from infra.principals import own_service
from infra.renewal.new_data import NOTE, TIME
from infra.renewal.states import definition
from infra.schedule import schedule
from infra.state_machine import state_machine
from infra.training import roles as job_roles
from infra.training.addresses import job_prefix
from infra.training.execution_events import ExecutionEvents
from infra.training.workflow import TrainingWorkflow


class Renewal(Construct):
    """
    Attributes:
        arn: what an execution is started on, with `reason` and, if a person asks, `by_hand` as input.
        name: the last part of the ARN, which is part of the ARNs of its executions.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        renewal: Mapping[str, Any],
        data: DataStore,
        models: ModelStore,
        training: TrainingWorkflow,
        monitoring: Monitoring,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        settings = json.dumps(dict(renewal), sort_keys=True)
        environment, windows = deployment.environment, len(renewal["windows"])
        function = self._function(
            {
                names.MODEL_BUCKET: models.bucket.bucket_name,
                names.MODEL_NAME: deployment.model_name,
                names.DATA_BUCKET: data.bucket.bucket_name,
                names.CAPTURE_BUCKET: monitoring.capture.bucket.bucket_name,
                names.SOURCE_DIGEST: deployment.source_digest,
                names.RENEWAL: settings,
                names.RENEWAL_SECONDS: str(environment.prepare_seconds + windows * environment.train_seconds),
                names.DOLLARS_PER_HOUR: str(environment.job_dollars_per_hour),
            }
        )
        models.grant_ledger(function.role)
        data.grant_plan(function.role)
        monitoring.capture.grant_list_captures(function.role)

        collect_role = job_roles.prepare_role(
            self,
            environment.name,
            image=deployment.image,
            source=training.prepare_source,
            data=data,
            models=models,
            features=deployment.settings.features is not None,
        )
        data.grant_read_captures_lists(collect_role)
        data.grant_write_versions(collect_role)
        monitoring.capture.grant_read_labels(collect_role)

        role = self._role(function, training, models, notifications, collect_role)
        states = definition(
            replace(training.addresses, prepare_role=collect_role.role_arn),
            renew_function=function.lambda_function.function_arn,
            renewal=renewal,
        )
        machine = state_machine(self, deployment, states, role, log="-renewal")
        self.arn, self.name = machine.state_machine_arn, machine.state_machine_name
        ExecutionEvents(
            self,
            "Ends",
            deployment,
            workflow=training,
            notifications=notifications,
            state_machine=self.arn,
            what="renewal",
            again="Renew again: evergreen renew",
        )
        monitoring.check.grant_renew(self.arn, settings, models)
        if renewal["every_days"]:
            schedule(
                self,
                self.arn,
                action="states:StartExecution",
                every=renewal["every_days"],
                unit="day",
                description="Tries to renew the model",
                dead_letters=notifications.dead_letters,
                input_=json.dumps({"reason": f"[renewal] every_days = {renewal['every_days']}"}),
            )
        if renewal["on_new_data"]:
            self._on_new_data(machine, data, notifications)

    def _function(self, variables: Mapping[str, str]) -> Function:
        return Function(
            self, "Renew", self._deployment, name="renew", variables=variables, memory_mb=256, timeout_seconds=60
        )

    def _role(
        self,
        function: Function,
        training: TrainingWorkflow,
        models: ModelStore,
        notifications: Notifications,
        collect_role: iam.Role,
    ) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=own_service("states"))
        for called in (function, *training.functions):
            role.add_to_policy(
                iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[called.lambda_function.function_arn])
            )
        models.grant_read_failures(role)
        notifications.grant_publish(role)
        job_roles.grant_jobs(role, job_prefix(self._deployment.environment.name), [collect_role, training.train_role])
        return role

    def _on_new_data(self, machine: stepfunctions.StateMachine, data: DataStore, notifications: Notifications) -> None:
        """Begin when S3 tells that a note has been laid beside a manifest.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
        """
        rule = events.Rule(
            self,
            "NewData",
            description="Trains the model on new data",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [data.bucket.bucket_name]},
                    "object": {"key": [{"wildcard": f"{names.DATA_PREFIX}*{names.NEWS}"}]},
                },
            ),
        )
        role = iam.Role(self, "NewDataRole", assumed_by=own_service("events"))
        passed_on = {NOTE: events.EventField.from_path("$.detail.object.key"), TIME: events.EventField.time}
        target = targets.SfnStateMachine(
            machine,
            input=events.RuleTargetInput.from_object(passed_on),
            role=role,
            dead_letter_queue=notifications.dead_letters,
        )
        rule.add_target(target)
