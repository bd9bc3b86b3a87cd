"""Log groups, with the retention of the environment or of their own. They are deleted with the stack."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.deployment import Deployment


def log_group(
    scope: Construct, id_: str, deployment: Deployment, *, name: str | None = None, days: int | None = None
) -> logs.LogGroup:
    """
    Args:
        days: how long lines are kept, if not as long as in the environment's other groups.
        name: only where a service asks for a certain one.

    Raises:
        KeyError: CloudWatch Logs has no such retention.
    """
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        retention=_RETENTION[days or deployment.environment.retention_days],
        removal_policy=RemovalPolicy.DESTROY,
    )


_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}
