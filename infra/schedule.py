"""What a stack does at regular intervals."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.principals import own_service


def schedule(
    scope: Construct,
    arn: str,
    *,
    action: str,
    every: int,
    unit: str,
    description: str,
    dead_letters: sqs.Queue,
    input_: str | None = None,
) -> None:
    """Call a function or start a workflow every so many hours or days. What cannot be done goes to the dead letters.

    Args:
        action: what IAM calls it.
        unit: "hour" or "day".
        input_: JSON that the target gets.
    """
    role = iam.Role(scope, "ScheduleRole", assumed_by=own_service("scheduler"))
    role.add_to_principal_policy(iam.PolicyStatement(actions=[action], resources=[arn]))
    role.add_to_principal_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[dead_letters.queue_arn]))
    scheduler.CfnSchedule(
        scope,
        "Schedule",
        description=description,
        schedule_expression=f"rate({every} {unit}{'s' if every > 1 else ''})",
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=arn,
            role_arn=role.role_arn,
            input=input_,
            dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_retry_attempts=3, maximum_event_age_in_seconds=3600
            ),
        ),
    ).node.add_dependency(role)
