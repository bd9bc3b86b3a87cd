"""The AWS services that roles and resources of the stack trust."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam


def own_service(name: str) -> iam.ServicePrincipal:
    """A service, such as "states", when it acts for the stack's own account, and not for another of its customers.

    Only for a use of a service of which AWS documents that it says for whom it acts: with another, the role could not
    be taken on, and a deployment would fail.
    """
    return iam.ServicePrincipal(
        f"{name}.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    )
