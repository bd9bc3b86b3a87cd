"""The rules of promotion. A decision is a value with its gates and its reason: it can be tested, stored and shown.

This module has the gates that look at the bundle itself. The gates that compare metrics are in improvement.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from evergreen.contract.changes import Change
from evergreen.judging.card_decision import CARD_FILES
from evergreen.number_text import number
from evergreen.settings.sections import ALLOW
from evergreen.versions.bundle import SHEET_FILES


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One condition of promotion: whether it is met, the reason in one sentence, and the numbers behind it."""

    name: str
    passed: bool
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether the candidate becomes champion, the reason in one sentence, and all gates."""

    promote: bool
    reason: str
    gates: tuple[Gate, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"promote": self.promote, "reason": self.reason, "gates": [asdict(gate) for gate in self.gates]}


def decide(gates: Sequence[Gate], *, improvement: Gate) -> Decision:
    """Promote if every gate is passed.

    Args:
        gates: the most important first. The first one that fails gives the reason.
        improvement: the gate that gives the reason if all are passed.
    """
    closed = next((gate for gate in gates if not gate.passed), None)
    return Decision(promote=closed is None, reason=(closed or improvement).reason, gates=tuple(gates))


def parity(difference: str | None, *, rows: int) -> Gate:
    """
    Args:
        difference: what parity.find_difference returned.
    """
    return Gate(
        name="parity",
        passed=difference is None,
        reason=difference
        or f"the scorer that will serve gives scikit-learn's predictions on all {number(rows)} holdout rows",
        numbers={"rows": rows},
    )


def documents(files: Collection[str]) -> Gate:
    """The bundle has the model card and the data sheet, as HTML and as Markdown."""
    missing = [name for name in (*CARD_FILES, *SHEET_FILES) if name not in files]
    reason = f"the bundle lacks {', '.join(missing)}; train again" if missing else "model card and data sheet are there"
    return Gate(name="documents", passed=not missing, reason=reason)


def size(model_bytes: int, *, limit_mb: float) -> Gate:
    """The model is small enough for every function instance to load."""
    megabytes = model_bytes / 1e6
    passed = megabytes <= limit_mb
    remedy = "" if passed else "; fewer or smaller trees help, or raise max_model_mb in [promotion] of model.toml"
    return Gate(
        name="size",
        passed=passed,
        reason=f"the model has {number(megabytes)} MB, {number(limit_mb)} are allowed{remedy}",
        numbers={"megabytes": megabytes, "limit": limit_mb},
    )


def latency(milliseconds: float | None, *, limit_ms: float) -> Gate:
    """
    Args:
        milliseconds: median time to score a row, or None if not one could be scored.
    """
    if milliseconds is None:
        return Gate(name="latency", passed=False, reason="no holdout row could be scored", numbers={})
    passed = milliseconds <= limit_ms
    remedy = "" if passed else "; fewer or smaller trees help, or raise max_latency_ms in [promotion] of model.toml"
    return Gate(
        name="latency",
        passed=passed,
        reason=f"a row takes {number(milliseconds)} ms to score, {number(limit_ms)} are allowed{remedy}",
        numbers={"milliseconds": milliseconds, "limit": limit_ms},
    )


def contract(changes: Sequence[Change] | None, *, rule: str) -> Gate:
    """Requests that are valid today stay valid, or model.toml allows that they do not.

    Args:
        changes: from the champion's contract to the candidate's; None if there is no champion.
        rule: settings.ALLOW or settings.REFUSE.
    """
    if changes is None:
        return Gate(name="contract", passed=True, reason="there are no callers yet")
    breaking = [change.text for change in changes if change.breaks_callers]
    if not breaking:
        how = "differs in nothing that breaks callers" if changes else "is the champion's"
        reason = f"the contract {how}"
    elif rule == ALLOW:
        reason = f"model.toml allows what breaks callers: {'; '.join(breaking)}"
    else:
        reason = (
            f"the contract would break callers: {'; '.join(breaking)}. Once they are ready for it, set "
            'contract_changes = "allow" in [promotion] of model.toml'
        )
    return Gate(
        name="contract",
        passed=not breaking or rule == ALLOW,
        reason=reason,
        numbers={"changes": len(changes), "breaking": len(breaking)},
    )


def stored(lacks: Sequence[str], *, views: int) -> Gate:
    """The feature store has online what callers need not send.

    Args:
        lacks: what is not there, each with what would bring it.
        views: how many there are.
    """
    return Gate(
        name="features",
        passed=not lacks,
        reason="; ".join(lacks) or "every feature that callers need not send is online",
        numbers={"views": views},
    )
