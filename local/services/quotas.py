"""Service Quotas: the few quotas that a deployment meets, with the values of an account that is some weeks old.

A newer account has zero for the jobs' instances, which would end every demo; a test sets it in EVERGREEN_QUOTAS, as
JSON of names and values. Pages are short, and one quota has a default only, so that a client which does not page or
look for defaults finds nothing. Codes are made up where AWS's own have not been seen.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from local import engine
from local.environments import QUOTAS
from local.services import api_model

_PREFIX = "ServiceQuotasV20190624."
_PAGE = 2


@dataclass(frozen=True, kw_only=True)
class _Quota:
    """`applied` is the account's own value; without one, only the default is listed."""

    service: str
    title: str
    code: str
    name: str
    default: float
    applied: float | None


def _jobs(instance: str, *, processing: str, training: str) -> list[_Quota]:
    def quota(kind: str, code: str, applied: float | None) -> _Quota:
        name = f"{instance} for {kind} usage"
        return _Quota(service="sagemaker", title="Amazon SageMaker", code=code, name=name, default=4, applied=applied)

    return [
        quota("endpoint", f"L-E{processing[3:]}", 0),
        quota("processing job", processing, None),
        quota("training job", training, 4),
    ]


# Concurrency is that of a new account.
_KNOWN = [
    *_jobs("ml.m5.large", processing="L-00000001", training="L-611FA074"),
    *_jobs("ml.m5.xlarge", processing="L-00000003", training="L-00000004"),
    _Quota(
        service="lambda",
        title="AWS Lambda",
        code="L-00000005",
        name="Function and layer storage",
        default=75,
        applied=75,
    ),
    _Quota(
        service="lambda",
        title="AWS Lambda",
        code="L-B99A9384",
        name="Concurrent executions",
        default=1000,
        applied=10,
    ),
]


class RequestRefused(Exception):
    """With AWS's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def install() -> None:
    engine.SERVICE_PATTERNS.get()["service-quotas"] = {
        "target_prefixes": [_PREFIX],
        "credential_scope": "servicequotas",
    }
    engine.SERVICE_HANDLERS.get()["service-quotas"] = _handle
    engine.IAM_NAMESPACES.get()["service-quotas"] = "servicequotas"


async def _handle(_method: str, _path: str, headers: dict, body: bytes, _query_params: dict) -> tuple:
    operation = headers.get("x-amz-target", "").removeprefix(_PREFIX)
    status, content = 200, {}
    try:
        content = answer(operation, json.loads(body or b"{}"))
    except RequestRefused as error:
        status, content = 400, {"__type": error.code, "Message": str(error)}
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()


def answer(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """
    Raises:
        RequestRefused: the embedded cloud does not know the operation, or AWS would not take the request.
    """
    answers = {
        "ListServiceQuotas": _applied,
        "ListAWSDefaultServiceQuotas": _defaults,
        "GetServiceQuota": lambda asked: {"Quota": _one(_applied, asked)},
        "GetAWSDefaultServiceQuota": lambda asked: {"Quota": _one(_defaults, asked)},
        "ListRequestedServiceQuotaChangeHistoryByQuota": lambda _: {"RequestedQuotas": []},
    }
    if operation not in answers:
        raise RequestRefused("UnknownOperationException", f"The embedded cloud has no Service Quotas {operation}")
    try:
        api_model.validate("service-quotas", operation, request)
    except api_model.InvalidRequest as error:
        raise RequestRefused("IllegalArgumentException", str(error)) from error
    return answers[operation](request)


def _applied(request: dict[str, Any]) -> dict[str, Any]:
    own = json.loads(os.environ.get(QUOTAS, "{}"))
    values = {quota: own.get(quota.name, quota.applied) for quota in _of(request)}
    return _page([_shape(quota, value) for quota, value in values.items() if value is not None], request)


def _defaults(request: dict[str, Any]) -> dict[str, Any]:
    return _page([_shape(quota, quota.default) for quota in _of(request)], request)


def _of(request: dict[str, Any]) -> list[_Quota]:
    found = [quota for quota in _KNOWN if quota.service == request["ServiceCode"]]
    if not found:
        raise RequestRefused(
            "NoSuchResourceException", f"The request failed because {request['ServiceCode']} has no quotas."
        )
    return found


def _page(quotas: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    first = int(request.get("NextToken", 0))
    last = first + min(_PAGE, request.get("MaxResults", _PAGE))
    return {"Quotas": quotas[first:last], **({"NextToken": str(last)} if last < len(quotas) else {})}


def _one(listing: Any, request: dict[str, Any]) -> dict[str, Any]:
    quotas: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = listing({"ServiceCode": request["ServiceCode"], **token})
        quotas += page["Quotas"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    for quota in quotas:
        if quota["QuotaCode"] == request["QuotaCode"]:
            return dict(quota)
    raise RequestRefused("NoSuchResourceException", "The request failed because the specified quota does not exist.")


def _shape(quota: _Quota, value: float) -> dict[str, Any]:
    """As AWS's API model has it."""
    return {
        "ServiceCode": quota.service,
        "ServiceName": quota.title,
        "QuotaArn": f"arn:aws:servicequotas:{engine.REGION()}:{engine.ACCOUNT_ID()}:{quota.service}/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
