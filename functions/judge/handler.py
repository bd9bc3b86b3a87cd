"""Judge: decides whether a candidate's bundle should become the champion, and stores the decision beside it."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names, tracking_login
from evergreen.errors import BrokenBundle
from evergreen.judging.promotion import Decision
from evergreen.metrics import metric_of
from evergreen.versions.bundle import Bundle
from evergreen.versions.champion import Champion
from functions.judge.archive import unpack
from functions.judge.feature_store import lacks_online
from functions.judge.judging import judge
from functions.judge.record import quoted_metrics, record
from functions.model_store import ModelStore, model_store

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """
    Args:
        event: `version`, and `bundle`, the s3:// URI of the archive that training uploaded; if nobody has asked for the
            training, `trigger`, why it began. Of a renewal, what renewal_decision.decide takes.

    Returns:
        The decision (`promote`, `reason`, `gates`) with what Promote needs: `version`, `bundle` (key prefix),
        `digest`, the candidate's `metrics`, a `summary` of them in one sentence, and the version of the `champion`
        that it was compared with, or None. Of a renewal, what renewal_decision.decide returns.

    Raises:
        BrokenBundle: a bundle is incomplete, or was changed after training.
        TrackingLoginFailed: the login at MLflow cannot be read.
        MlflowException: the decision cannot be written on the candidate's run. Nothing is promoted.
        ClientError: the feature store cannot be looked at. Nothing is promoted.
    """
    tracking_login.log_in(boto3.client)
    store = model_store()
    if "candidates" in event:
        # Imported here, since a training needs none of it.
        from functions.judge.renewal_decision import decide

        renewed = decide(store, event)
        logger.info("renewal", extra={"decision": renewed})
        return renewed
    prefix = unpack(store, event["bundle"])
    candidate = store.bundle(prefix)
    present = store.champion(os.environ[names.MODEL_NAME])
    decision = judge(candidate, _bundle_of(store, present), online=lacks_online)
    result = {
        **decision.as_dict(),
        "version": event["version"],
        "bundle": prefix,
        "digest": candidate.digest,
        "summary": _summary(candidate, decision, present),
        "metrics": quoted_metrics(candidate),
        "champion": present.version if present else None,
        **({"trigger": event["trigger"]} if "trigger" in event else {}),
    }
    record(store, candidate, prefix, result)
    logger.info("decision", extra={"decision": result})
    return result


def _bundle_of(store: ModelStore, champion: Champion | None) -> Bundle | None:
    """The champion's bundle; None if there is none to serve, so that the candidate is judged as the first one is."""
    if champion is None:
        return None
    try:
        return store.bundle(champion.bundle)
    except BrokenBundle as error:
        logger.warning(
            "the champion's bundle is broken; the candidate is judged without it", extra={"cause": str(error)}
        )
        return None


def _summary(candidate: Bundle, decision: Decision, present: Champion | None) -> str:
    """The candidate's metric beside the champion's and the baseline's, for a message.

    Not every champion could be measured: it may be the same model, or predict something else.
    """
    name = candidate.metrics["metric"]
    text = metric_of(name).text
    parts = [f"{name} on the holdout: {text(candidate.metrics['holdout'][name])}"]
    rivals = [
        gate.numbers["champion"] for gate in decision.gates if gate.name == "champion" and "champion" in gate.numbers
    ]
    if present and rivals:
        parts.append(f"champion {present.version}: {text(rivals[0])}")
    return "; ".join([*parts, f"baseline: {text(candidate.metrics['baseline'][name])}"])
