"""The rules of promotion. A decision is a value with its reason: it can be tested, stored and shown."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether the candidate becomes champion, and one sentence why."""

    promote: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def decide_promotion(*, metric: str, candidate: float, baseline: float, champion: float | None) -> Decision:
    """Compare errors on the same holdout rows; lower is better.

    Args:
        metric: the name of the error, for the reason.
        candidate: the candidate's error.
        baseline: the error of always predicting the training rows' mean.
        champion: the present champion's error on the same rows, or None if there is no champion.
    """
    if not candidate < baseline:
        return Decision(
            promote=False,
            reason=f"{metric} {candidate:.4g} is no better than {baseline:.4g} of always predicting the mean",
        )
    if champion is None:
        return Decision(
            promote=True,
            reason=f"first champion: {metric} {candidate:.4g} beats {baseline:.4g} of always predicting the mean",
        )
    if not candidate < champion:
        return Decision(
            promote=False, reason=f"{metric} {candidate:.4g} is no better than {champion:.4g} of the champion"
        )
    return Decision(promote=True, reason=f"{metric} {candidate:.4g} beats {champion:.4g} of the champion")


def refuse(reason: str) -> Decision:
    """The decision about a candidate that fails a gate before any comparison."""
    return Decision(promote=False, reason=reason)
