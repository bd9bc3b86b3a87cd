"""Whether the account's quotas let the jobs run, by Service Quotas. Codes are looked up by name: AWS publishes none."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from cli.doctor.plan import Plan
from cli.findings import Finding, Status
from evergreen import names

JOBS = "SageMaker quotas"
FUNCTIONS = "Lambda quotas"
APPS = "MLflow App quota"
_CONCURRENCY = "Concurrent executions"
# What AWS gives to an account that is no longer new.
_USUAL_CONCURRENCY = 1000
_OPEN = ("PENDING", "CASE_OPENED")


def job_quotas(plan: Plan, client: Any) -> Sequence[Finding]:
    """One instance for each of the two jobs, which run one after the other."""
    quotas = client("service-quotas")
    instance = plan.environment.job_instance
    wanted = [f"{instance} for {job} job usage" for job in ("processing", "training")]
    found = _find(quotas, "sagemaker", wanted)
    findings = [_of_jobs(plan, quotas, name, found.get(name)) for name in wanted]
    # Without a server of one's own, the stack makes an App; the name of this quota is not in AWS's documents.
    if not os.environ.get(names.TRACKING_URI):
        findings += [_of_apps(quota) for name, quota in found.items() if "mlflow app" in name.lower()]
    return findings


def function_quotas(plan: Plan, client: Any) -> Sequence[Finding]:
    """How many functions may run at once: ten in a new account. Their memory is held to a new account's by a test."""
    quotas = client("service-quotas")
    quota = _find(quotas, "lambda", [_CONCURRENCY]).get(_CONCURRENCY)
    if quota is None:
        return [Finding(check=FUNCTIONS, status=Status.SKIPPED, found=f"Service Quotas names no {_CONCURRENCY!r}")]
    at_once = int(quota["Value"])
    if at_once >= plan.environment.burst:
        return [Finding(check=FUNCTIONS, status=Status.OK, found=f"{at_once:,} functions may run at once")]
    found = f"{at_once:,} functions may run at once; what is beyond is refused, and the endpoint's throttle is higher"
    remedy = _request(plan, quotas, "lambda", quota, _USUAL_CONCURRENCY)
    return [Finding(check=FUNCTIONS, status=Status.WARNING, found=found, remedy=remedy)]


def _of_jobs(plan: Plan, quotas: Any, name: str, quota: dict[str, Any] | None) -> Finding:
    if quota is None:
        found = f"Service Quotas knows no {name!r} in {plan.region}: the instance may not be offered there"
        remedy = "name another job_instance in infra/environments.py"
        return Finding(check=JOBS, status=Status.WARNING, found=found, remedy=remedy)
    if quota["Value"] >= 1:
        return Finding(check=JOBS, status=Status.OK, found=f"{name}: {quota['Value']:g}")
    remedy = _request(plan, quotas, "sagemaker", quota, 1)
    return Finding(check=JOBS, status=Status.FAILED, found=f"{name}: 0, so that a training would fail", remedy=remedy)


def _of_apps(quota: dict[str, Any]) -> Finding:
    status = Status.OK if quota["Value"] >= 1 else Status.FAILED
    return Finding(check=APPS, status=status, found=f"{quota['QuotaName']}: {quota['Value']:g}")


def _find(quotas: Any, service: str, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The quotas of a service by name: what is applied to the account, or else AWS's default."""
    found = _by_name(quotas.get_paginator("list_service_quotas").paginate(ServiceCode=service))
    if any(name not in found for name in wanted):
        defaults = _by_name(quotas.get_paginator("list_aws_default_service_quotas").paginate(ServiceCode=service))
        found = {**defaults, **found}
    return found


def _by_name(pages: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    # Where a value could not be had, an entry says why instead.
    return {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"] if "Value" in quota}


def _request(plan: Plan, quotas: Any, service: str, quota: dict[str, Any], value: int) -> str:
    """The command that asks AWS for more, unless that was asked already."""
    code = quota["QuotaCode"]
    try:
        history = quotas.list_requested_service_quota_change_history_by_quota(ServiceCode=service, QuotaCode=code)
        asked = [request for request in history["RequestedQuotas"] if request["Status"] in _OPEN]
    except ClientError:
        asked = []
    if asked:
        return f"{asked[0]['DesiredValue']:g} was asked for and is {asked[0]['Status']}: wait for AWS's answer"
    return (
        f"aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
        f"--desired-value {value} --region {plan.region}; an answer may take days"
    )
