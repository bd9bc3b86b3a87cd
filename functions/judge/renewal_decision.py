"""The decision of a renewal: unpacks its challengers, holds them against the champion, records what came of each."""

import os
from dataclasses import asdict, replace
from typing import Any

from aws_lambda_powertools import Logger

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.errors import BrokenBundle, PromotionConflict
from evergreen.metrics import metric_of
from evergreen.renewal.ledger import Model, standing_of
from evergreen.renewal.rule import Standing
from evergreen.versions.bundle import CONTRACT, Bundle
from functions.judge.archive import unpack
from functions.judge.feature_store import lacks_online
from functions.judge.record import quoted_metrics, record
from functions.judge.refit import Refit, refit_of
from functions.judge.renewing import Entrant, Judgement, Renewal, renew
from functions.model_store import ModelStore

logger = Logger(child=True)

# With the ending of any bundle's prefix, by which the policies of those who read bundles know one.
_REFIT_FOLDER = "refit/output/model/"


def decide(store: ModelStore, event: dict[str, Any]) -> dict[str, Any]:
    """
    Args:
        event: `candidates`, each with its `window`, `version` and `bundle` (the s3:// URI of its archive); `champion`,
            `earlier` and `standing` as in the ledger; and `reason`, why the renewal began.

    Returns:
        `promote` and `reason`; if one is promoted, what Promote needs of it: `version`, `bundle`, `digest`, and the
        version of the `champion` that was. `standing` after the period, and of each of the `challengers` its `name`,
        `version`, `error`, `rival` and `reason`. `summary` is for a message.

    Raises:
        PromotionConflict: another version has become champion since the renewal began.
        BrokenBundle: a bundle is incomplete, or was changed after training.
    """
    champion = Model(**event["champion"])
    present = store.champion(os.environ[names.MODEL_NAME])
    if present is None or present.version != champion.version:
        raise PromotionConflict(
            f"{present.version if present else 'no version'} is champion by now, and {champion.version} was when the "
            "renewal began. The next one looks at the present champion"
        )
    windows = [_window(store, each) for each in event["candidates"]]
    earlier = [entrant for each in event["earlier"] if (entrant := _earlier(store, Model(**each)))]
    present_bundle = store.bundle(champion.bundle)
    found = renew(
        windows,
        earlier,
        present_bundle,
        standing_of(event["standing"]),
        version=champion.version,
        online=lacks_online,
    )
    refit = _refit(found.winner, present_bundle)
    served, standing = _serve(store, found, refit)
    for judgement in found.judgements:
        if not judgement.entrant.is_earlier:
            won = judgement.entrant == found.winner
            _record(store, judgement, served if won else None, refit if won else None, champion, reason=event["reason"])
    summary = _summary(found, windows[0].bundle.metrics["metric"])
    return {
        "promote": served is not None,
        "reason": found.reason,
        **(asdict(served) if served else {}),
        "champion": champion.version,
        "summary": f"{summary}; {refit.gate.reason}" if refit else summary,
        "standing": asdict(standing),
        "challengers": [
            {
                "name": each.entrant.name,
                "version": each.entrant.model.version,
                "error": each.error,
                "rival": each.rival,
                "reason": each.reason,
            }
            for each in found.judgements
        ],
    }


def _window(store: ModelStore, candidate: dict[str, str]) -> Entrant:
    prefix = unpack(store, candidate["bundle"])
    bundle = store.bundle(prefix)
    model = Model(version=candidate["version"], bundle=prefix, digest=bundle.digest)
    return Entrant(name=candidate["window"], model=model, bundle=bundle)


def _earlier(store: ModelStore, model: Model) -> Entrant | None:
    """None if the bundle is gone or broken: there are others."""
    try:
        bundle = store.bundle(model.bundle)
    except BrokenBundle as error:
        logger.warning("an earlier champion is left out", extra={"version": model.version, "cause": str(error)})
        return None
    return Entrant(name=model.version, model=model, bundle=bundle)


def _refit(winner: Entrant | None, champion: Bundle) -> Refit | None:
    """Of a winner that is no earlier champion, the model that was fitted again, if there is one."""
    if winner is None or winner.is_earlier:
        return None
    return refit_of(winner.bundle, Contract.from_json(champion.files[CONTRACT]))


def _serve(store: ModelStore, found: Renewal, refit: Refit | None) -> tuple[Model | None, Standing]:
    """The winner as it serves, and the standing that goes with it."""
    if found.winner is None:
        return None, found.standing
    if refit is None or not refit.gate.passed:
        return found.winner.model, found.standing
    return _store(store, found.winner.model, refit), replace(found.standing, rows=refit.rows)


def _store(store: ModelStore, judged: Model, refit: Refit) -> Model:
    """Below the bundle that was judged, by the same version, as a bundle like any other."""
    prefix = f"{judged.bundle}{_REFIT_FOLDER}"
    store.write_once(prefix, refit.files)
    return Model(version=judged.version, bundle=prefix, digest=refit.bundle.digest)


def _record(
    store: ModelStore,
    judgement: Judgement,
    served: Model | None,
    refit: Refit | None,
    champion: Model,
    *,
    reason: str,
) -> None:
    """
    Args:
        served: the entrant as it serves, if it has won.
    """
    entrant = judgement.entrant
    model = served or entrant.model
    result = {
        "promote": served is not None,
        "reason": judgement.reason,
        "gates": [asdict(gate) for gate in (*judgement.gates, *([refit.gate] if refit else []))],
        **asdict(model),
        "metrics": quoted_metrics(entrant.bundle),
        "champion": champion.version,
        "renewal": {"reason": reason, "window": entrant.name},
    }
    record(store, entrant.bundle, entrant.model.bundle, result)


def _summary(found: Renewal, metric: str) -> str:
    """The winner beside the champion on the period's rows; without one, the best of the challengers."""
    measured = {
        each.entrant.name: (each.error, each.rival)
        for each in found.judgements
        if each.error is not None and each.rival is not None
    }
    if not measured:
        return f"{metric} is known of no challenger"
    best = max if metric_of(metric).higher_is_better else min
    name = found.winner.name if found.winner else best(measured, key=lambda each: measured[each][0])
    error, rival = map(metric_of(metric).text, measured[name])
    return f"{metric} on the newest labelled rows: {error} of {name}, {rival} of the champion"
