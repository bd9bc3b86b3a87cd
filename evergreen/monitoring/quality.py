"""Live quality: the model's metric on predictions whose truth has arrived, compared with its metric on the holdout.

Truths come from callers, and a few wild ones must not rule the mean: the percentage error of a truth of 0 is beyond any
number. So no label costs more than the worst row of the holdout did, or than 99 of a hundred labels do, whichever is
more. This is winsorising, with the holdout as the least bound (Tukey 1962, The Future of Data Analysis).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evergreen.judging.bootstrap import estimate, losses, unpaired_gain
from evergreen.judging.dependence import INDEPENDENT, Units
from evergreen.metrics import Outcomes, metric_of

# Of a bootstrap. A check has a million labels at most, and each draw goes through all of them.
_RESAMPLES = 400
# Labels of which one may be wild.
_WILD = 100
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
        wild: labels that cost more than they may, and count as what they may.
    """

    metric: str
    live: float
    low: float
    high: float
    promised: float
    fell: bool
    labels: int
    worth: int | None = None
    wild: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def ceiling(metric: str, holdout: Outcomes, live: Outcomes) -> float:
    """The most that a label may cost; infinite for a metric that no single row can rule. Neither may be empty."""
    promised, found = losses(metric, holdout), losses(metric, live)
    if promised is None or found is None:
        return float("inf")
    return float(max(np.max(promised), np.quantile(found, 1 - 1 / _WILD, method="lower")))


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
    most = ceiling(metric, holdout, live)
    costs = losses(metric, live)
    gain = unpaired_gain(
        metric,
        live,
        holdout,
        units=(live_units, holdout_units),
        ceiling=most,
        seed=seed,
        confidence=1 - _NOISE,
        resamples=_RESAMPLES,
    )
    now = estimate(metric, live, units=live_units, ceiling=most, seed=seed, resamples=_RESAMPLES)
    return Quality(
        metric=metric,
        live=now.value,
        low=now.low,
        high=now.high,
        promised=metric_of(metric).measure(holdout),
        fell=gain.high < 0,
        labels=len(live.actual),
        worth=now.worth.independent if now.worth.by else None,
        wild=0 if costs is None else int(np.count_nonzero(costs > most)),
    )
