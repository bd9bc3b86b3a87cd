"""A state machine with its log."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.deployment import Deployment
from infra.logs import log_group


def state_machine(
    scope: Construct, deployment: Deployment, states: dict[str, Any], role: iam.Role, *, log: str = ""
) -> stepfunctions.StateMachine:
    """
    Args:
        states: the definition, which may hold references.
        log: what the log's name has after the stack's, to tell workflows of one stack apart.
    """
    stack = Stack.of(scope)
    # Step Functions can write to few groups beside those of this prefix: its policy has a size limit.
    group = log_group(scope, "Log", deployment, name=f"/aws/vendedlogs/states/{stack.stack_name}{log}")
    return stepfunctions.StateMachine(
        scope,
        "StateMachine",
        definition_body=stepfunctions.DefinitionBody.from_string(stack.to_json_string(states)),
        role=role,
        logs=stepfunctions.LogOptions(destination=group, level=stepfunctions.LogLevel.ALL),
    )
