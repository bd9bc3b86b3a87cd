"""Promote: points the champion at a bundle, then moves the MLflow aliases."""

import os
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names, tracking
from evergreen.champion import Champion
from evergreen.errors import BrokenBundle
from functions.model_store import ModelStore, model_store

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """
    Args:
        event: what Judge returned: `version`, `bundle` (key prefix) and `digest`.

    Returns:
        `version`, `bundle` and `mlflow_model_version` of the champion.

    Raises:
        PromotionConflict: another promotion came first.
        BrokenBundle: the bundle is no longer the one that was judged.
    """
    model = os.environ[names.MODEL_NAME]
    store = model_store()
    candidate = store.bundle(event["bundle"])
    if candidate.digest != event["digest"]:
        raise BrokenBundle(f"the bundle of {event['version']} changed since it was judged; train again")
    _point(store, model, version=event["version"], bundle=event["bundle"], digest=event["digest"])
    model_version = candidate.lineage["mlflow_model_version"]
    tracking.mark_champion(model, model_version)
    logger.info("promoted", extra={"version": event["version"], "mlflow_model_version": model_version})
    return {"version": event["version"], "bundle": event["bundle"], "mlflow_model_version": model_version}


def _point(store: ModelStore, model: str, *, version: str, bundle: str, digest: str) -> None:
    present = store.champion(model)
    if present and present.champion.bundle == bundle:
        return  # a retry after the pointer was written: only the alias is left to do
    promoted_at = datetime.now(UTC).isoformat(timespec="seconds")
    champion = Champion(version=version, bundle=bundle, digest=digest, promoted_at=promoted_at)
    store.write_champion(model, champion, replaces=present)
