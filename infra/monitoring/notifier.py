"""The function that alarms invoke, and that tells people by SNS what they mean."""

import jsii
from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.function import Function
from infra.monitoring.capture import Capture
from infra.notifications import Notifications


class Notifier(Construct):
    """`action` is what an alarm does to have it told."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        capture: Capture,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        function = Function(
            self,
            "Notify",
            deployment,
            name="notify",
            variables={
                names.STACK_NAME: stack.stack_name,
                names.MODEL_NAME: deployment.model_name,
                names.CAPTURE_BUCKET: capture.bucket.bucket_name,
                names.TOPIC: notifications.topic.topic_arn,
                names.MESSAGE_FORMAT: deployment.settings.message_format,
            },
            memory_mb=256,
            timeout_seconds=30,
            dead_letters=notifications.dead_letters,
        )
        notifications.grant_publish(function.role)
        capture.grant_read_checks(function.role)
        arn = function.lambda_function.function_arn
        # One permission for the stack's alarms, instead of one for each.
        lambda_.CfnPermission(
            self,
            "AlarmsMayInvoke",
            action="lambda:InvokeFunction",
            function_name=arn,
            principal="lambda.alarms.cloudwatch.amazonaws.com",
            source_account=Aws.ACCOUNT_ID,
            source_arn=stack.format_arn(
                service="cloudwatch",
                resource="alarm",
                resource_name=f"{stack.stack_name} *",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
        )
        self.action = _Invoke(arn)


@jsii.implements(cloudwatch.IAlarmAction)
class _Invoke:
    """An alarm's action that invokes a function."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def bind(self, _scope: Construct, _alarm: cloudwatch.IAlarm) -> cloudwatch.AlarmActionConfig:
        return cloudwatch.AlarmActionConfig(alarm_action_arn=self._arn)
