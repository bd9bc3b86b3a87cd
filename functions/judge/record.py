"""Stores a decision: on the candidate's MLflow run, in its model card, and beside its bundle."""

import json
from typing import Any

from evergreen import tracking
from evergreen.judging.card_decision import CARD_FILES, quote
from evergreen.versions.bundle import Bundle
from functions.model_store import ModelStore

DECISION = "decision.json"
# The metrics of the bundle that a decision quotes. The state machine passes it on and has a limit of 256 KiB:
# importance and slices of many features would exceed it.
_QUOTED = ("metric", "holdout", "baseline", "intervals")


def quoted_metrics(candidate: Bundle) -> dict[str, Any]:
    """Those of the bundle that a decision quotes."""
    return {name: value for name, value in candidate.metrics.items() if name in _QUOTED}


def record(store: ModelStore, candidate: Bundle, prefix: str, result: dict[str, Any]) -> None:
    """
    Args:
        prefix: of the candidate's bundle.
        result: the decision, with the version that it is about.

    Raises:
        BrokenBundle: a card has no place for it.
        MlflowException: it cannot be written on the candidate's run.
    """
    # A missing card is left out; its gate reports it.
    cards = {name: quote(candidate.files[name], result, name=name) for name in CARD_FILES if name in candidate.files}
    tracking.record_decision(candidate.lineage["mlflow_run_id"], result, cards)
    # The decision is written last: a version is listed only if it has one, so a listed version was judged completely.
    store.write_beside(prefix, {**cards, DECISION: json.dumps(result, indent=1).encode()})
