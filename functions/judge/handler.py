"""Judge: decides whether a candidate's bundle should become the champion, and stores the decision beside it."""

import json
import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names
from functions.judge.judging import judge
from functions.model_store import model_store

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """
    Args:
        event: `version`, and `bundle`, the s3:// URI of the folder that training wrote.

    Returns:
        The decision (`promote`, `reason`) with what Promote needs: `version`, `bundle` (key prefix), `digest`,
        and the candidate's `metrics`.
    """
    store = model_store()
    prefix = store.key_prefix(event["bundle"])
    candidate = store.bundle(prefix)
    present = store.champion(os.environ[names.MODEL_NAME])
    decision = judge(candidate, store.bundle(present.champion.bundle) if present else None)
    result = {
        **decision.as_dict(),
        "version": event["version"],
        "bundle": prefix,
        "digest": candidate.digest,
        "metrics": candidate.metrics,
        "champion": present.champion.version if present else None,
    }
    store.write_decision(prefix, json.dumps(result, indent=1).encode())
    logger.info("decision", extra={"decision": result})
    return result
