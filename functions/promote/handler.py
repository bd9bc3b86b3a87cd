"""Promote: points the champion at a bundle, then moves the MLflow aliases."""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names, tracking, tracking_login
from evergreen.errors import BrokenBundle, PromotionConflict, UnknownVersion
from evergreen.versions.bundle import Bundle
from evergreen.versions.champion import Champion
from functions.model_store import ModelStore, model_store

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """
    Running it again, by a retry or after a crash, changes nothing: each step first checks what is already done.

    Args:
        event: what Judge returned: `version`, `bundle` (key prefix), `digest`, and `champion`, the version that it was
            held against, or None. With `rollback`, the version may be one that MLflow does not know, since the MLflow
            App was made anew: then it serves, and no version has the alias `champion`.

    Returns:
        `version`, `bundle` and `mlflow_model_version` of the champion; None if MLflow does not know it.

    Raises:
        TrackingLoginFailed: the login at MLflow cannot be read.
        UnknownVersion: MLflow does not know the version, and it is no rollback.
        PromotionConflict: another promotion came first.
        BrokenBundle: the bundle is no longer the one that was judged.
    """
    tracking_login.log_in(boto3.client)
    model = os.environ[names.MODEL_NAME]
    store = model_store()
    candidate = store.bundle(event["bundle"])
    if candidate.digest != event["digest"]:
        raise BrokenBundle(f"the bundle of {event['version']} changed since it was judged; train again")
    # MLflow must answer before the pointer moves: if it is down, the champion stays the same in both places.
    model_version = _in_mlflow(model, candidate, event["version"], may_be_unknown=event.get("rollback", False))
    _point(store, model, event)
    tracking.mark_champion(model, model_version)
    _follow(store, model, event["bundle"])
    logger.info("promoted", extra={"version": event["version"], "mlflow_model_version": model_version})
    return {"version": event["version"], "bundle": event["bundle"], "mlflow_model_version": model_version}


def _in_mlflow(model: str, bundle: Bundle, version: str, *, may_be_unknown: bool) -> str | None:
    """The number of a version in MLflow; None if it is not known there, and need not be."""
    model_version: str = bundle.lineage["mlflow_model_version"]
    try:
        tracking.require_version(model, model_version, version)
    except UnknownVersion:
        if not may_be_unknown:
            raise
        logger.warning("MLflow does not know the version", extra={"version": version})
        return None
    return model_version


def _point(store: ModelStore, model: str, event: dict[str, Any]) -> None:
    pointer = store.pointer(model)
    present = pointer.champion if pointer else None
    if present and present.bundle == event["bundle"]:
        return  # a retry after the pointer was written: only the aliases remain
    if (present.version if present else None) != event["champion"]:
        raise PromotionConflict(
            f"{event['version']} was not promoted: it was held against {event['champion'] or 'no champion'}, and "
            f"another promotion of {model} has come since. Train again"
        )
    promoted_at = datetime.now(UTC).isoformat(timespec="seconds")
    champion = Champion(
        version=event["version"], bundle=event["bundle"], digest=event["digest"], promoted_at=promoted_at
    )
    store.write_champion(model, champion, replaces=pointer)


def _follow(store: ModelStore, model: str, bundle: str) -> None:
    """Let the aliases follow the pointer if a rollback has moved it meanwhile: it takes no lease."""
    present = store.champion(model)
    if present and present.bundle != bundle:
        rolled_back = store.bundle(present.bundle)
        tracking.mark_champion(model, _in_mlflow(model, rolled_back, present.version, may_be_unknown=True))
