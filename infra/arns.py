"""Names of resources that the stack does not make, or not here."""

from aws_cdk import Aws


def own_arn(service: str, resource: str) -> str:
    """The ARN of something in the stack's own account and region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"
