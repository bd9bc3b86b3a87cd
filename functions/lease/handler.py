"""Lease: lets one training of the model run at a time. The workflow calls it when it starts and whenever it ends."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names
from evergreen.versions.bundle import CONTRACT
from functions.lease.leases import Leases, TrainingIsRunning
from functions.model_store import model_store

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """
    Args:
        event: `action`, "acquire" or "release", and `execution`, the ARN of the execution that it is for. To acquire
            takes `version` and `started` (ISO 8601) too; with `or_leave_it`, a lease that another holds is an answer
            and no error.

    Returns:
        Of acquire: `until`, when the lease expires, and `previous_contract`, the s3:// URI of the champion's
        contract, empty before the first promotion; or `taken`, who holds it. Of release: `released`, whether the
        execution held the lease.

    Raises:
        TrainingIsRunning: another execution holds the lease.
    """
    bucket, model = os.environ[names.MODEL_BUCKET], os.environ[names.MODEL_NAME]
    leases = Leases(boto3.client("s3"), bucket, model)
    execution = event["execution"]
    if event["action"] == "release":
        released = leases.release(execution=execution)
        logger.info("release", extra={"execution": execution, "released": released})
        return {"released": released}
    try:
        lease = leases.acquire(
            execution=execution,
            version=event["version"],
            since=event["started"],
            seconds=int(os.environ[names.LEASE_SECONDS]),
        )
    except TrainingIsRunning as error:
        if not event.get("or_leave_it"):
            raise
        return {"taken": str(error)}
    logger.info("acquired", extra={"execution": execution, "until": lease.until})
    present = model_store().champion(model)
    previous = f"s3://{bucket}/{present.bundle}{CONTRACT}" if present else ""
    return {"until": lease.until, "previous_contract": previous}
