"""The beginning of a renewal: whether it may, and what it goes on."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from evergreen import names
from evergreen.renewal.admission import why_not
from evergreen.renewal.ledger import Ledger, Refusal, Run
from evergreen.versions.champion import Champion
from evergreen.versions.data_version import manifest_key
from functions.ledgers import Ledgers
from functions.model_store import ModelStore
from functions.renew import surroundings
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
        return _refuse(ledgers, event, told, now)
    present = surroundings.model_of(champion)
    lineage, standing = surroundings.lineage_of(store, present), surroundings.first_standing(store, present)
    run = Run(
        id=event["execution"],
        version=event["version"],
        reason=event["reason"],
        began=now.isoformat(timespec="seconds"),
        dollars=deployed.limits.dollars,
    )

    def why(ledger: Ledger) -> str:
        back = surroundings.went_back(ledger, champion)
        return why_not(ledger, deployed.limits, now=now, by_hand=event["by_hand"], changed_by_hand=back)

    def admit(ledger: Ledger) -> Ledger:
        # A retry has begun already.
        if ledger.run(run.id) or why(ledger):
            return ledger
        return ledger.follow(present, standing).begin(run)

    # The ledger is written only as it was when this was decided, so that of many triggers at once no two get in.
    ledger = ledgers.change(admit)
    if not ledger.run(run.id):
        return _refuse(ledgers, event, why(ledger), now)
    own_code = lineage["source_sha256"] == deployed.source_digest
    return {
        "go": True,
        "forgets": ledger.forgets,
        "data": f"s3://{deployed.data_bucket}/{manifest_key(ledger.data or lineage['data_version'])}",
        "settings": f"s3://{deployed.data_bucket}/{names.settings_key(lineage['settings_sha256'])}",
        # Of other code than the champion's, no commit is known.
        "git_commit": lineage["git_commit"] if own_code else "unknown",
        "captures": {prefix.rstrip("/"): _list(s3, deployed, event["version"], prefix) for prefix in _CAPTURED},
        "champion": asdict(present),
        "earlier": [asdict(each) for each in ledger.earlier],
        "standing": asdict(ledger.standing or standing),
    }


def _obstacle(champion: Champion | None, s3: Any, deployed: Deployed) -> str:
    """What keeps every renewal from beginning, whatever its limits; empty if nothing does."""
    if champion is None:
        return "no version has been promoted yet; run: evergreen train"
    if broken := surroundings.what_is_broken(_newest_check(s3, deployed), champion):
        return broken
    bucket = deployed.capture_bucket
    empty = (prefix for prefix in _CAPTURED if not surroundings.has_captures(s3, bucket, prefix))
    return next((surroundings.missing(prefix) for prefix in empty), "")


def _refuse(ledgers: Ledgers, event: dict[str, Any], told: str, now: datetime) -> dict[str, Any]:
    refusal = Refusal(reason=event["reason"], told=told, at=now.isoformat(timespec="seconds"))
    ledgers.change(lambda ledger: ledger.refuse(refusal))
    return {"go": False, "told": told}


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
