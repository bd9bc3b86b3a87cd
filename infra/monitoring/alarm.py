"""One alarm, in the form that all of them have."""

from typing import NotRequired, TypedDict, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.deployment import Deployment


class AlarmOptions(TypedDict):
    """When an alarm fires: above the threshold, or `below` it, in each of some `periods`, one if none are named.

    `missing` is what a period without data counts as: no trouble, if it is not said.
    """

    threshold: float
    description: str
    missing: NotRequired[cloudwatch.TreatMissingData]
    below: NotRequired[bool]
    periods: NotRequired[int]


def alarm(
    scope: Construct,
    deployment: Deployment,
    name: str,
    metric: cloudwatch.IMetric,
    *,
    action: cloudwatch.IAlarmAction,
    **options: Unpack[AlarmOptions],
) -> cloudwatch.Alarm:
    """An alarm that its action is told of when it fires and when it is over."""
    compare = cloudwatch.ComparisonOperator
    below = options.get("below", False)
    made = cloudwatch.Alarm(
        scope,
        name.title().replace(" ", ""),
        # The one physical name of the stack: it is the subject of the message that a person gets.
        alarm_name=f"{deployment.stack_name} {name}",
        alarm_description=options["description"],
        metric=metric,
        comparison_operator=compare.LESS_THAN_THRESHOLD if below else compare.GREATER_THAN_THRESHOLD,
        threshold=options["threshold"],
        evaluation_periods=options.get("periods", 1),
        # No requests is no trouble.
        treat_missing_data=options.get("missing", cloudwatch.TreatMissingData.NOT_BREACHING),
    )
    made.add_alarm_action(action)
    made.add_ok_action(action)
    return made
