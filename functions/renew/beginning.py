"""The beginning of a renewal: whether it may, and what it goes on."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from evergreen import names
from evergreen.versions.champion import Champion
from evergreen.versions.data_version import manifest_key
from functions.ledgers import Ledgers
from functions.model_store import ModelStore
from functions.renew import surroundings
from functions.renew.admitting import WITHOUT_CHAMPION, admit, refuse
from functions.renew.deployed import Deployed

_CAPTURED = (names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX)


def begin(
    event: dict[str, Any], s3: Any, store: ModelStore, ledgers: Ledgers, deployed: Deployed, *, now: datetime
) -> dict[str, Any]:
    """
    Args:
        event: `execution`, `version`, `reason` and `by_hand`.

    Returns:
        `go`; if it may not begin, `told` why; else the inputs of the first job and what Judge needs.

    Raises:
        BrokenBundle: the champion's bundle is gone.
    """
    champion = store.champion(deployed.model)
    told = _obstacle(champion, s3, deployed)
    if champion is None or told:
        return refuse(ledgers, event, told, now)
    found = admit(event, champion, store, ledgers, deployed, now=now)
    if isinstance(found, str):
        return refuse(ledgers, event, found, now)
    ledger = found.ledger
    return {
        "go": True,
        "forgets": ledger.forgets,
        "data": f"s3://{deployed.data_bucket}/{manifest_key(ledger.data or found.lineage['data_version'])}",
        **found.settings_and_code(deployed),
        "captures": {prefix.rstrip("/"): _list(s3, deployed, event["version"], prefix) for prefix in _CAPTURED},
        "champion": asdict(found.champion),
        "earlier": [asdict(each) for each in ledger.earlier],
        "standing": asdict(ledger.standing or found.standing),
    }


def _obstacle(champion: Champion | None, s3: Any, deployed: Deployed) -> str:
    """What keeps every renewal from beginning, whatever its limits; empty if nothing does."""
    if champion is None:
        return WITHOUT_CHAMPION
    if broken := surroundings.what_is_broken(_newest_check(s3, deployed), champion):
        return broken
    bucket = deployed.capture_bucket
    empty = (prefix for prefix in _CAPTURED if not surroundings.has_captures(s3, bucket, prefix))
    return next((surroundings.missing(prefix) for prefix in empty), "")


def _newest_check(s3: Any, deployed: Deployed) -> dict[str, Any]:
    try:
        answer = s3.get_object(Bucket=deployed.capture_bucket, Key=names.latest_check_key(deployed.model))
    except s3.exceptions.NoSuchKey:
        return {}
    return dict(json.loads(answer["Body"].read()))


def _list(s3: Any, deployed: Deployed, version: str, prefix: str) -> str:
    """Store which captures the renewal reads; returns the URI of the list."""
    content = surroundings.capture_manifest(s3, deployed.capture_bucket, prefix)
    key = f"{names.CAPTURES_READ_PREFIX}{deployed.model}/{version}/{prefix.rstrip('/')}.manifest"
    s3.put_object(Bucket=deployed.data_bucket, Key=key, Body=content, ContentType="application/json")
    return f"s3://{deployed.data_bucket}/{key}"
