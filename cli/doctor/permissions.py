"""What the caller may do, as IAM's simulation says: of a deployment, and of a user of the deployed stack.

The simulation knows the policies of the user or the role, the boundary and the organisation's policies, but not those
of a session.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from cli.aws.stacks import describe, outputs_of
from cli.doctor.plan import Caller, Plan, unanswered
from cli.findings import Finding, Status
from evergreen import names

DEPLOY = "permissions to deploy"
USE = "permissions to use"
# That `cdk deploy` takes on, and the one of `cdk diff`. The roles themselves may do all the rest.
_DEPLOY_ROLES = ("deploy-role", "file-publishing-role")
_LOOK_ROLE = "lookup-role"
# Of `evergreen train` and `evergreen predict`, as the stack's policy for users has them.
_NEEDED = {
    "cloudformation:DescribeStacks",
    "execute-api:Invoke",
    "s3:PutObject",
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "states:StartExecution",
}


class _NotSimulated(Exception):
    """No user and no role of this account whose policies could be simulated; the message says who it is."""


class Simulation:
    """Asks IAM what one user or role may do."""

    def __init__(self, iam: Any, principal: str) -> None:
        self._iam = iam
        self._principal = principal

    def denied(self, actions: Sequence[str], resource: str) -> dict[str, str]:
        """The actions that it may not do, each with who says so."""
        pages = self._iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=self._principal, ActionNames=list(actions), ResourceArns=[resource]
        )
        results = [result for page in pages for result in page["EvaluationResults"]]
        return {result["EvalActionName"]: _why(result) for result in results if result["EvalDecision"] != "allowed"}


def deploy_permissions(plan: Plan, caller: Caller, client: Any) -> Sequence[Finding]:
    """The caller needs little more than to take on the roles of `cdk bootstrap`."""
    iam = client("iam")
    try:
        simulation = Simulation(iam, principal(caller, iam))
        denied = {role: simulation.denied(["sts:AssumeRole"], _role(plan, caller, role)) for role in _DEPLOY_ROLES}
        look = simulation.denied(["sts:AssumeRole"], _role(plan, caller, _LOOK_ROLE))
    except _NotSimulated as error:
        return [Finding(check=DEPLOY, status=Status.SKIPPED, found=str(error))]
    except ClientError as error:
        return [unanswered(DEPLOY, error)]
    findings = [
        Finding(
            check=DEPLOY,
            status=Status.FAILED,
            found=f"{action} on {_role(plan, caller, role)}: {why}",
            remedy="allow it to this user or role; with it, cdk deploy needs nothing else",
        )
        for role, actions in denied.items()
        for action, why in actions.items()
    ]
    findings += [
        Finding(
            check=DEPLOY,
            status=Status.WARNING,
            found=f"{action} on {_role(plan, caller, _LOOK_ROLE)}: {why}",
            remedy="cdk diff needs it, or permission to read the stack",
        )
        for action, why in look.items()
    ]
    may = "may take on the roles of cdk bootstrap"
    return findings or [Finding(check=DEPLOY, status=Status.OK, found=may)]


def user_permissions(plan: Plan, caller: Caller, client: Any) -> Sequence[Finding]:
    """Who deploys may leave training and predicting to others, so that a missing permission is a warning."""
    outputs = outputs_of(describe(client("cloudformation"), plan.stack) or {})
    policy = outputs.get(names.OUTPUT_USER_POLICY)
    if policy is None:
        found = "known once the stack is there: its managed policy for users lists them"
        return [Finding(check=USE, status=Status.SKIPPED, found=found)]
    iam = client("iam")
    try:
        simulation = Simulation(iam, principal(caller, iam))
        version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]
        denied = {
            f"{action} on {resource}: {why}": None
            for actions, resource in _needed(document)
            for action, why in simulation.denied(actions, resource).items()
        }
    except _NotSimulated as error:
        return [Finding(check=USE, status=Status.SKIPPED, found=str(error))]
    except ClientError as error:
        return [unanswered(USE, error)]
    remedy = f"to train and predict, attach {policy} to this user or role"
    return [Finding(check=USE, status=Status.WARNING, found=each, remedy=remedy) for each in denied] or [
        Finding(check=USE, status=Status.OK, found="may train and predict")
    ]


def principal(caller: Caller, iam: Any) -> str:
    """The ARN of the user, or of the role that the caller has taken on.

    Raises:
        _NotSimulated: it is the root user or a federated one.
        ClientError: the role has a path, which is not in a session's ARN, and may not be looked up.
    """
    resource = caller.arn.split(":", 5)[5]
    kind, _, name = resource.partition("/")
    if kind == "user":
        return caller.arn
    if kind == "assumed-role":
        role = name.split("/")[0]
        try:
            return str(iam.get_role(RoleName=role)["Role"]["Arn"])
        except ClientError:
            # Most roles have no path; those of IAM Identity Center have.
            if role.startswith("AWSReservedSSO_"):
                raise
            return f"arn:{caller.partition}:iam::{caller.account}:role/{role}"
    who = "the root user, who" if kind == "root" else "a federated user, who"
    raise _NotSimulated(f"this is {who} cannot be simulated; use a role")


def _why(result: dict[str, Any]) -> str:
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return "denied by a policy of the organisation"
    if not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return "denied by the permissions boundary"
    if result["EvalDecision"] == "explicitDeny":
        policies = ", ".join(sorted({each["SourcePolicyId"] for each in result.get("MatchedStatements", [])}))
        return f"explicitly denied{f' by {policies}' if policies else ''}"
    return "no policy allows it"


def _needed(document: dict[str, Any]) -> Iterator[tuple[list[str], str]]:
    """Of a policy's statements: the actions that are needed, for each resource."""
    for statement in document["Statement"]:
        actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
        if needed := sorted(_NEEDED.intersection(actions)):
            for resource in resources:
                # Where a policy has a star, a request has some text.
                yield needed, resource if resource == "*" else resource.replace("*", "x")


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _role(plan: Plan, caller: Caller, role: str) -> str:
    return f"arn:{caller.partition}:iam::{caller.account}:role/cdk-hnb659fds-{role}-{caller.account}-{plan.region}"
