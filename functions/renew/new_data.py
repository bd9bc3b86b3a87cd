"""The beginning of a training on data that somebody has brought."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from evergreen.renewal.ledger import Ledger
from evergreen.versions.data_version import manifest_key
from functions.ledgers import Ledgers
from functions.model_store import ModelStore
from functions.renew.admitting import WITHOUT_CHAMPION, admit, refuse
from functions.renew.deployed import Deployed
from functions.renew.surroundings import trained_since


def begin_on_new_data(
    event: dict[str, Any], store: ModelStore, ledgers: Ledgers, deployed: Deployed, *, now: datetime
) -> dict[str, Any]:
    """
    Args:
        event: as of begin; `new_data`, the version of the data; and `brought`, when it came (ISO 8601).

    Returns:
        `go`; if it may not begin, `told` why, and whether that is `known` to everybody: S3 may tell of an object twice,
        and who has brought it may train on it by hand. Else the inputs of the training's jobs, and the `champion`.

    Raises:
        BrokenBundle: the champion's bundle is gone.
    """
    version = event["new_data"]
    known = {"go": False, "known": True, "told": f"{version} has had its training"}
    if trained_since(store, deployed.model, version, datetime.fromisoformat(event["brought"])):
        return known
    champion = store.champion(deployed.model)
    if champion is None:
        return {**refuse(ledgers, event, WITHOUT_CHAMPION, now), "known": False}

    def has_begun(ledger: Ledger) -> bool:
        return any(run.reason == event["reason"] for run in ledger.runs)

    found = admit(event, champion, store, ledgers, deployed, now=now, needless=has_begun)
    if found == "":
        return known
    if isinstance(found, str):
        return {**refuse(ledgers, event, found, now), "known": False}
    return {
        "go": True,
        "forgets": found.ledger.forgets,
        "data": f"s3://{deployed.data_bucket}/{manifest_key(version)}",
        **found.settings_and_code(deployed),
        "champion": asdict(found.champion),
    }
