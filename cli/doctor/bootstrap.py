"""The bucket and the roles of `cdk bootstrap`."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from cli.doctor.plan import Caller, Plan, code_of
from cli.findings import Finding, Status

BOOTSTRAP = "CDK bootstrap"
PARAMETER = "/cdk-bootstrap/hnb659fds/version"
# That the template's rule CheckBootstrapVersion asks for; tests/infrastructure holds the two together.
NEEDED = 6
_STACK = "CDKToolkit"
_USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


def bootstrap(plan: Plan, caller: Caller, client: Any) -> Sequence[Finding]:
    """Its version in the region, and the state of its stack."""
    remedy = f"cdk bootstrap aws://{caller.account}/{plan.region}"
    where = f"{caller.account}/{plan.region}"
    try:
        version = client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        return [_failed(f"{where} is not bootstrapped", remedy)]
    if not version.isdigit() or int(version) < NEEDED:
        return [_failed(f"version {version} in {where}, and {NEEDED} or newer is needed", remedy)]
    status = _status(client)
    if status and status not in _USABLE:
        wait = "wait until it has ended" if status.endswith("IN_PROGRESS") else remedy
        return [_failed(f"the stack {_STACK} in {where} is in {status}", wait)]
    return [Finding(check=BOOTSTRAP, status=Status.OK, found=f"version {version} in {where}")]


def _status(client: Any) -> str:
    """Of the bootstrap stack; empty if it has another name, or if nobody may look at it."""
    try:
        return str(client("cloudformation").describe_stacks(StackName=_STACK)["Stacks"][0]["StackStatus"])
    except ClientError:
        return ""


def _failed(found: str, remedy: str) -> Finding:
    return Finding(check=BOOTSTRAP, status=Status.FAILED, found=found, remedy=remedy)
