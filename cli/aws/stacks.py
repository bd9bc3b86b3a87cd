"""What CloudFormation says of a stack."""

from typing import Any

from botocore.exceptions import ClientError


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """The stack as CloudFormation describes it; None if there is none of this name."""
    try:
        return dict(cloudformation.describe_stacks(StackName=name)["Stacks"][0])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None


def outputs_of(described: dict[str, Any]) -> dict[str, str]:
    """The outputs of a stack that was described, by their names."""
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
