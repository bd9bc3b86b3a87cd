"""Lets a run into the ledger, or says why not: the one place where the limits of [renewal] are asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evergreen import names
from evergreen.renewal.admission import why_not
from evergreen.renewal.ledger import Ledger, Model, Refusal, Run
from evergreen.renewal.rule import Standing
from evergreen.versions.champion import Champion
from functions.ledgers import Ledgers
from functions.model_store import ModelStore
from functions.renew import surroundings
from functions.renew.deployed import Deployed

WITHOUT_CHAMPION = "no version has been promoted yet; run: evergreen train"


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A run that is in the ledger.

    Attributes:
        champion, standing, lineage: the present one, what is known of it before any period, and what it was made from.
    """

    ledger: Ledger
    champion: Model
    standing: Standing
    lineage: dict[str, Any]

    def settings_and_code(self, deployed: Deployed) -> dict[str, str]:
        """The champion's settings, and the commit of the code that trains with them."""
        own_code = self.lineage["source_sha256"] == deployed.source_digest
        return {
            "settings": f"s3://{deployed.data_bucket}/{names.settings_key(self.lineage['settings_sha256'])}",
            # Of other code than the champion's, no commit is known.
            "git_commit": self.lineage["git_commit"] if own_code else "unknown",
        }


def admit(
    event: dict[str, Any],
    champion: Champion,
    store: ModelStore,
    ledgers: Ledgers,
    deployed: Deployed,
    *,
    now: datetime,
    needless: Callable[[Ledger], bool] = lambda _: False,
) -> Admitted | str:
    """The run that `event` asks for; or why it may not begin, empty where it is needless.

    Args:
        needless: whether it need not begin at all, by the ledger.

    Raises:
        BrokenBundle: the champion's bundle is gone.
    """
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

    def begun(ledger: Ledger) -> Ledger:
        # A retry has begun already.
        if ledger.run(run.id) or needless(ledger) or why(ledger):
            return ledger
        return ledger.follow(present, standing).begin(run)

    # The ledger is written only as it was when this was decided, so that of many triggers at once no two get in.
    ledger = ledgers.change(begun)
    if ledger.run(run.id):
        return Admitted(ledger=ledger, champion=present, standing=standing, lineage=lineage)
    return "" if needless(ledger) else why(ledger)


def refuse(ledgers: Ledgers, event: dict[str, Any], told: str, now: datetime) -> dict[str, Any]:
    """The answer to what may not begin; the ledger counts it."""
    refusal = Refusal(reason=event["reason"], told=told, at=now.isoformat(timespec="seconds"))
    ledgers.change(lambda ledger: ledger.refuse(refusal))
    return {"go": False, "told": told}
