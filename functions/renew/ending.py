"""The end of a renewal: what came of it, what it cost, and what the next one goes on."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from evergreen.renewal.ledger import FAILED, KEPT, PROMOTED, REFUSED, Ledger, Model, standing_of
from functions.ledgers import Ledgers
from functions.model_store import ModelStore
from functions.renew import surroundings
from functions.renew.deployed import Deployed, dollars


def end(
    event: dict[str, Any], store: ModelStore, ledgers: Ledgers, deployed: Deployed, *, now: datetime
) -> dict[str, Any]:
    """
    Args:
        event: `execution`; `seconds` that its jobs have run for; `forgets`, as the ledger had it when it began; and, as
            far as the execution has come, `plan`, `decision`, and `failure` in words.

    Returns:
        The run, as the ledger has it.

    Raises:
        BrokenBundle: the bundle that was promoted is gone.
    """
    plan, decision, failure = event["plan"], event["decision"], event["failure"]
    outcome = _outcome(plan, decision, failure)

    def changed(ledger: Ledger) -> Ledger:
        run = ledger.run(event["execution"])
        if run is None or run.ended:
            return ledger
        ended = replace(
            run,
            ended=now.isoformat(timespec="seconds"),
            outcome=outcome,
            told=failure or plan.get("refused") or decision["reason"],
            promoted=decision["version"] if outcome == PROMOTED else "",
            # What a job that has failed has cost is not told: it may have run to its limit.
            dollars=run.dollars if failure else dollars(event["seconds"], deployed.dollars_per_hour),
            rows=plan.get("rows", 0),
            # A plan that was refused names the version that there was.
            data="" if plan.get("refused") else plan.get("data", ""),
            challengers=tuple(decision.get("challengers", ())),
        )
        # A training on new data has looked at no period.
        if "standing" not in decision:
            return _promoted(ledger.end(ended), store, decision) if outcome == PROMOTED else ledger.end(ended)
        return _learn(ledger.end(ended), event["forgets"], plan, decision, outcome)

    run = ledgers.change(changed).run(event["execution"])
    return asdict(run) if run else {}


def _outcome(plan: dict[str, Any], decision: dict[str, Any], failure: str) -> str:
    if failure:
        return FAILED
    if plan.get("refused"):
        return REFUSED
    return PROMOTED if decision["promote"] else KEPT


def _promoted(ledger: Ledger, store: ModelStore, decision: dict[str, Any]) -> Ledger:
    """About the version that a training has promoted: who goes back from it by hand is left alone then."""
    model = Model(version=decision["version"], bundle=decision["bundle"], digest=decision["digest"])
    return ledger.follow(model, surroundings.first_standing(store, model))


def _learn(ledger: Ledger, forgets: int, plan: dict[str, Any], decision: dict[str, Any], outcome: str) -> Ledger:
    """Take in what the period has told, and the data that was made for it."""
    if outcome not in (PROMOTED, KEPT):
        return ledger
    standing = standing_of(decision["standing"])
    if outcome == PROMOTED:
        model = Model(version=decision["version"], bundle=decision["bundle"], digest=decision["digest"])
        ledger = ledger.succeed(model, standing)
    else:
        ledger = replace(ledger, standing=standing)
    # A row was forgotten meanwhile: this version may hold it, and the next renewal makes another one.
    if ledger.forgets != forgets:
        return ledger
    return replace(ledger, data=plan["data"], until=max(ledger.until, plan["until"]))
