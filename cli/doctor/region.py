"""Where the stack goes, and where its MLflow is."""

import os
import urllib.error
import urllib.request
from collections.abc import Sequence

from cli.doctor.plan import Plan
from cli.findings import Finding, Status
from evergreen import names
from infra.environments import WITHOUT_MLFLOW_APP

REGION = "region"
TRACKING = "MLflow"
_SECONDS = 8


def region(plan: Plan) -> Sequence[Finding]:
    """The CDK deploys to the environment's region, whatever region the shell names."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not named or named == plan.region:
        return [Finding(check=REGION, status=Status.OK, found=plan.region)]
    return [
        Finding(
            check=REGION,
            status=Status.WARNING,
            found=f"AWS_REGION is {named}, but {plan.stack} goes to {plan.region}, and this looks there",
            remedy=(
                f"if {named} is meant: evergreen doctor -e {plan.environment.name} --region {named}, and deploy with "
                f"-c region={named}. Else nothing: commands find the stack in {plan.region}"
            ),
        )
    ]


def tracking(plan: Plan) -> Sequence[Finding]:
    """The App is offered in the region, or a server of one's own answers."""
    address = os.environ.get(names.TRACKING_URI, "")
    if not address:
        return [_app(plan)]
    if not address.startswith(("http://", "https://")):
        found = f"{names.TRACKING_URI} is not the http(s):// address of a server: {address}"
        return [Finding(check=TRACKING, status=Status.FAILED, found=found, remedy=f"unset {names.TRACKING_URI}")]
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        # It is there; that it wants a login is told by another variable.
        if error.code >= 500:
            return [_no_server(address, f"answers {error.code}")]
    except (OSError, ValueError) as error:
        return [_no_server(address, f"does not answer: {getattr(error, 'reason', error)}")]
    return [Finding(check=TRACKING, status=Status.OK, found=f"{address} answers from here")]


def _app(plan: Plan) -> Finding:
    if plan.region not in WITHOUT_MLFLOW_APP:
        return Finding(check=TRACKING, status=Status.OK, found=f"SageMaker offers the MLflow App in {plan.region}")
    return Finding(
        check=TRACKING,
        status=Status.FAILED,
        found=f"SageMaker has no MLflow App in {plan.region}",
        remedy=f"choose another region (-c region=), or name a server of your own in {names.TRACKING_URI}",
    )


def _no_server(address: str, what: str) -> Finding:
    remedy = f"start it, or correct {names.TRACKING_URI}; without it the stack gets an MLflow App of SageMaker"
    return Finding(check=TRACKING, status=Status.FAILED, found=f"{address} {what}", remedy=remedy)
