"""Live quality: the model's metric on predictions whose truth has arrived, compared with its metric on the holdout."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evergreen.metrics import METRICS, Outcomes

# Rows and resamples of a bootstrap (Efron & Tibshirani 1993). Of more rows a sample is drawn: they would only narrow an
# interval that is narrow already.
_ROWS = 2000
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
    """

    metric: str
    live: float
    low: float
    high: float
    promised: float
    fell: bool
    labels: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def assess(metric: str, holdout: Outcomes, live: Outcomes, *, seed: int = 0) -> Quality:
    """Compare labelled predictions with the holdout. Neither may be empty."""
    measure = METRICS[metric].measure
    generator = random.Random(seed)
    promised = _resampled(holdout, measure, generator)
    now = _resampled(live, measure, generator)
    worse = sorted(
        (b - a) * (-1 if METRICS[metric].higher_is_better else 1) for a, b in zip(promised, now, strict=True)
    )
    values = sorted(now)
    return Quality(
        metric=metric,
        live=measure(live),
        low=values[int(0.025 * _RESAMPLES)],
        high=values[int(0.975 * _RESAMPLES)],
        promised=measure(holdout),
        fell=worse[int(_NOISE * _RESAMPLES)] > 0,
        labels=len(live.actual),
    )


def _resampled(outcomes: Outcomes, measure: Callable[[Outcomes], float], generator: random.Random) -> list[float]:
    """The metric of each sample that is drawn with replacement."""
    rows: Sequence[int] = range(len(outcomes.actual))
    if len(rows) > _ROWS:
        rows = generator.sample(rows, _ROWS)
    return [measure(outcomes.take(generator.choices(rows, k=len(rows)))) for _ in range(_RESAMPLES)]
