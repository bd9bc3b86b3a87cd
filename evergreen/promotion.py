"""The rules of promotion. A decision is a value with its reason: it can be tested, stored and shown."""

from dataclasses import asdict, dataclass
from typing import Any

from evergreen.metrics import METRICS, REGRESSION


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether the candidate becomes champion, and one sentence why."""

    promote: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def decide_promotion(*, metric: str, candidate: float, baseline: float, champion: float | None) -> Decision:
    """Compare a metric on the same holdout rows.

    Args:
        metric: its name, which says whether higher or lower is better.
        candidate: the candidate's value.
        baseline: that of always predicting the training rows' mean, or the shares of their classes.
        champion: the present champion's on the same rows, or None if there is no champion.
    """
    better = METRICS[metric].better
    always = "the mean" if METRICS[metric].task == REGRESSION else "the commonest class"
    if not better(candidate, baseline):
        return Decision(
            promote=False,
            reason=f"{metric} {candidate:.4g} is no better than {baseline:.4g} of always predicting {always}",
        )
    if champion is None:
        return Decision(
            promote=True,
            reason=f"first champion: {metric} {candidate:.4g} beats {baseline:.4g} of always predicting {always}",
        )
    if not better(candidate, champion):
        return Decision(
            promote=False, reason=f"{metric} {candidate:.4g} is no better than {champion:.4g} of the champion"
        )
    return Decision(promote=True, reason=f"{metric} {candidate:.4g} beats {champion:.4g} of the champion")


def refuse(reason: str) -> Decision:
    """The decision about a candidate that fails a gate before any comparison."""
    return Decision(promote=False, reason=reason)
