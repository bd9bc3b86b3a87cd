"""Whose credentials they are, and whether the account may use the region."""

from collections.abc import Sequence
from typing import Any

from cli.aws.refusals import FAILURES, explain
from cli.doctor.plan import Caller, Plan
from cli.findings import Finding, Status

ACCOUNT = "account"
REGION = "region enabled"


class Identity:
    """Asks STS. `caller` is who it is, or None until it is known."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.caller: Caller | None = None

    def look(self) -> Sequence[Finding]:
        try:
            answer = self._client("sts").get_caller_identity()
        except FAILURES as error:
            refusal = explain(error)
            return [Finding(check=ACCOUNT, status=Status.FAILED, found=refusal.what, remedy=refusal.remedy)]
        self.caller = Caller(arn=answer["Arn"], account=answer["Account"])
        return [Finding(check=ACCOUNT, status=Status.OK, found=f"{answer['Account']}, as {answer['Arn']}")]


def region_enabled(plan: Plan, client: Any) -> Sequence[Finding]:
    """Regions of the last years are off in an account until somebody enables them."""
    status = client("account").get_region_opt_status(RegionName=plan.region)["RegionOptStatus"]
    if status in ("ENABLED", "ENABLED_BY_DEFAULT"):
        return [Finding(check=REGION, status=Status.OK, found=f"{plan.region} is enabled in the account")]
    if status == "ENABLING":
        remedy = "wait some minutes, at most hours, and run this again"
    else:
        remedy = f"aws account enable-region --region-name {plan.region}"
    found = f"{plan.region} is {status.lower()} in the account"
    return [Finding(check=REGION, status=Status.FAILED, found=found, remedy=remedy)]
