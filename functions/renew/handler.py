"""Renew: the bookkeeping of a renewal. The workflow calls it to begin, to plan its trainings, and to end.

Nothing else in the stack writes the ledger.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.ledgers import Ledgers
from functions.model_store import model_store
from functions.renew.beginning import begin
from functions.renew.deployed import Deployed
from functions.renew.ending import end
from functions.renew.new_data import begin_on_new_data
from functions.renew.planning import plan

logger = Logger()


@cache
def _s3() -> Any:
    return boto3.client("s3")


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """
    Args:
        event: `action`, `execution` (the ARN of the execution that asks), and what begin, plan or end takes.

    Returns:
        What the action returns.

    Raises:
        UnreadableLedger: the ledger is none.
        LedgerIsBusy: others go on changing it.
        BrokenBundle: the champion's bundle is gone.
    """
    now, deployed = datetime.now(UTC), Deployed.from_environment()
    ledgers = Ledgers(_s3(), deployed.model_bucket, deployed.model)
    if event["action"] == "begin" and event.get("new_data"):
        answer = begin_on_new_data(event, model_store(), ledgers, deployed, now=now)
    elif event["action"] == "begin":
        answer = begin(event, _s3(), model_store(), ledgers, deployed, now=now)
    elif event["action"] == "plan":
        answer = plan(event, _s3(), now=now)
    else:
        answer = end(event, model_store(), ledgers, deployed, now=now)
    logger.info(event["action"], extra={"answer": answer})
    return answer
