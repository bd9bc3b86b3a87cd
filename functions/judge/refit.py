"""The gate of a model that was fitted again, to the rows that it was judged on as well: nobody has judged it.

It serves if it can be served, and if it predicts much the same on those rows as the model that was judged: on average
it has moved no farther from that one's predictions than the truth lies from them. A sound fit goes part of the way.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from evergreen.contract.changes import compare
from evergreen.contract.contract import Contract
from evergreen.judging import promotion
from evergreen.judging.parity import find_difference
from evergreen.judging.promotion import Gate
from evergreen.metrics import metric_of
from evergreen.number_text import number
from evergreen.settings.sections import PromotionSettings
from evergreen.versions.bundle import (
    CONTRACT,
    MANIFEST,
    MODEL,
    REFIT_CONTRACT,
    REFIT_FILES,
    REFIT_HOLDOUT,
    REFIT_MODEL,
    Bundle,
    HoldoutRow,
    manifest_of,
)
from functions.judge.latency import milliseconds_a_row

_REFIT = "refit"
# Of rounding: two models that are equal, and always right, are no distance apart.
_NOTHING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Refit:
    """
    Attributes:
        bundle: with the model that was fitted again, and what was measured of the one that was judged.
        gate: whether it serves; its reason is a sentence.
        rows: that it was fitted to.
    """

    bundle: Bundle
    gate: Gate
    rows: int

    @property
    def files(self) -> dict[str, bytes]:
        """Those of the bundle, its manifest last."""
        return {**self.bundle.files, MANIFEST: json.dumps(manifest_of(self.bundle.files), indent=1).encode()}


def refit_of(judged: Bundle, champion: Contract, *, clock: Callable[[], float] = time.perf_counter) -> Refit | None:
    """The model of a bundle that was fitted again; None if there is none.

    Args:
        champion: the contract that callers keep to.

    Raises:
        BrokenBundle: the model is not what training wrote.
    """
    if REFIT_MODEL not in judged.files:
        return None
    files = {name: content for name, content in judged.files.items() if name not in REFIT_FILES}
    bundle = Bundle({**files, MODEL: judged.files[REFIT_MODEL], CONTRACT: judged.files[REFIT_CONTRACT]})
    before, after = list(judged.holdout()), list(judged.holdout(REFIT_HOLDOUT))
    settings, model = PromotionSettings(**judged.metrics["promotion"]), bundle.model()
    gates = (
        promotion.parity(find_difference(model, after), rows=len(after)),
        promotion.size(len(bundle.files[MODEL]), limit_mb=settings.max_model_mb),
        promotion.latency(milliseconds_a_row(model, after, clock), limit_ms=settings.max_latency_ms),
        promotion.contract(compare(champion, model.contract), rule=settings.contract_changes),
        distance(before, after, Contract.from_json(judged.files[CONTRACT]), model.contract),
    )
    rows = judged.metrics["rows"]["train_rows"] + judged.metrics["rows"]["holdout_rows"]
    closed = next((gate for gate in gates if not gate.passed), None)
    if closed:
        reason = f"the model that was fitted again does not serve, the one that was judged does: {closed.reason}"
        gate = Gate(name=_REFIT, passed=False, reason=reason)
    else:
        fitted = f"what serves was fitted again to {number(rows)} rows, those of the holdout among them"
        gate = replace(gates[-1], reason=f"{fitted}: {gates[-1].reason}")
    return Refit(bundle=bundle, gate=gate, rows=rows)


def distance(before: list[HoldoutRow], after: list[HoldoutRow], old: Contract, new: Contract) -> Gate:
    """Of the same rows before and after; each contract knows the order of its classes."""
    moved = _mean(_apart(_of(a, old), _of(b, new)) for a, b in zip(before, after, strict=True))
    truth = _mean(_apart(_of(a, old), _truth(a, old)) for a in before)
    if new.classes:
        unit, text = " in probability", metric_of("accuracy").text
    else:
        unit, text = "", number
    reason = f"its predictions are {text(moved)} from the judged model's{unit} on average, the truth {text(truth)}"
    return Gate(
        name=_REFIT,
        passed=moved <= truth + _NOTHING,
        reason=reason,
        numbers={"moved": moved, "truth": truth},
    )


def _of(row: HoldoutRow, contract: Contract) -> dict[str, float]:
    """A prediction: the probability of each class; of a regression the number alone."""
    if row.probabilities is None:
        return {"": float(row.predicted)}
    return dict(zip(contract.classes, row.probabilities, strict=True))


def _truth(row: HoldoutRow, contract: Contract) -> dict[str, float]:
    return {str(row.actual): 1.0} if contract.classes else {"": float(row.actual)}


def _apart(one: dict[str, float], other: dict[str, float]) -> float:
    """The distance of two numbers, or the total variation distance of two distributions."""
    total = sum(abs(one.get(key, 0.0) - other.get(key, 0.0)) for key in one.keys() | other.keys())
    return total if "" in one else total / 2


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
