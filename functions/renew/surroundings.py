"""What a renewal needs to know before it begins: the champion, the newest check, the captures."""

import json
from datetime import datetime
from typing import Any

from evergreen import names
from evergreen.number_text import number
from evergreen.renewal.ledger import Ledger, Model
from evergreen.renewal.rule import ALL, Standing
from evergreen.renewal.trigger import broken_features
from evergreen.versions.bundle import LINEAGE, METRICS
from evergreen.versions.champion import Champion
from functions.model_store import ModelStore

# Features that a sentence names.
_NAMED = 5


def model_of(champion: Champion) -> Model:
    return Model(version=champion.version, bundle=champion.bundle, digest=champion.digest)


def lineage_of(store: ModelStore, champion: Model) -> dict[str, Any]:
    """
    Raises:
        BrokenBundle: the bundle is gone.
    """
    return dict(json.loads(store.read(f"{champion.bundle}{LINEAGE}")))


def first_standing(store: ModelStore, champion: Model) -> Standing:
    """Of a champion of which no period has told anything.

    Raises:
        BrokenBundle: the bundle is gone.
    """
    metrics = json.loads(store.read(f"{champion.bundle}{METRICS}"))
    return Standing(champion=ALL, rows=int(metrics["rows"]["train_rows"]))


def trained_since(store: ModelStore, model: str, data: str, moment: datetime) -> bool:
    """Whether a training on this version of the data has left a bundle since then."""
    prefixes = store.bundles_since(model, moment)
    return any(json.loads(store.read(f"{prefix}{LINEAGE}"))["data_version"] == data for prefix in prefixes)


def went_back(ledger: Ledger, champion: Champion) -> datetime | None:
    """When somebody went back by hand to a version that is older than the one that renewal knows; None if nobody did.

    Versions are named by the time of their training.
    """
    known = ledger.champion
    if known is None or champion.version >= known.version:
        return None
    return datetime.fromisoformat(champion.promoted_at)


def what_is_broken(check: dict[str, Any], champion: Champion) -> str:
    """Why no model should learn from what comes in, by the newest check; empty if nothing is known to be wrong.

    Args:
        check: its result, as it was stored; empty before the first.
    """
    if not check or check["version"] != champion.version:
        return ""
    broken = broken_features(check["features"])
    if check["status"] != names.STATUS_BROKEN_INPUT and not broken:
        return ""
    more = f", and {number(len(broken) - _NAMED)} more" if len(broken) > _NAMED else ""
    what = f"broken features: {', '.join(broken[:_NAMED])}{more}" if broken else check["reason"]
    return (
        f"the check of {check['checked_at'][:16]} found broken input, and nothing is learned from that: {what}. Have "
        "the caller mended; a feature that moves on as the world does belongs into [drift] leave_out"
    )


def has_captures(client: Any, bucket: str, prefix: str) -> bool:
    return bool(client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))


def capture_manifest(client: Any, bucket: str, prefix: str) -> bytes:
    """A SageMaker manifest of all captures under a prefix, so that a job reads the same ones when it is retried."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return json.dumps([{"prefix": f"s3://{bucket}/"}, *keys]).encode()


def missing(prefix: str) -> str:
    """What to do where nothing of a kind was captured."""
    if prefix == names.PREDICTIONS_PREFIX:
        return "no prediction was captured yet: there is nothing to learn from"
    return (
        "no label has come in, and without labels nothing is trained on guesses: send what really happened to "
        "POST /feedback, or with: evergreen feedback"
    )
