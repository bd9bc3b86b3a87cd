"""Live quality: the model's metric on predictions whose truth has arrived, compared with its metric on the holdout."""

from dataclasses import asdict, dataclass
from typing import Any

from evergreen.judging.bootstrap import estimate, unpaired_gain
from evergreen.judging.dependence import INDEPENDENT, Units
from evergreen.metrics import METRICS, Outcomes

# Of a bootstrap. A check has a million labels at most, and each draw goes through all of them.
_RESAMPLES = 400
# The probability that a check reports a fall by chance alone.
_NOISE = 0.01


@dataclass(frozen=True, kw_only=True)
class Quality:
    """A metric on labelled predictions.

    Attributes:
        metric: its name.
        live: its value, with a 95% interval from `low` to `high`.
        promised: its value on the holdout.
        fell: whether it is worse than promised beyond what chance explains.
        labels: the number of labelled predictions.
        worth: the number of independent ones that would tell as much; None if they are taken as independent.
    """

    metric: str
    live: float
    low: float
    high: float
    promised: float
    fell: bool
    labels: int
    worth: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def assess(
    metric: str,
    holdout: Outcomes,
    live: Outcomes,
    *,
    holdout_units: Units = INDEPENDENT,
    live_units: Units = INDEPENDENT,
    seed: int = 0,
) -> Quality:
    """Compare labelled predictions with the holdout. Neither may be empty.

    Args:
        holdout_units, live_units: how the rows depend on each other.
    """
    gain = unpaired_gain(
        metric,
        live,
        holdout,
        units=(live_units, holdout_units),
        seed=seed,
        confidence=1 - _NOISE,
        resamples=_RESAMPLES,
    )
    now = estimate(metric, live, units=live_units, seed=seed, resamples=_RESAMPLES)
    return Quality(
        metric=metric,
        live=now.value,
        low=now.low,
        high=now.high,
        promised=METRICS[metric].measure(holdout),
        fell=gain.high < 0,
        labels=len(live.actual),
        worth=now.worth.independent if now.worth.by else None,
    )
