"""What period after period tells of a challenger against the champion.

A period's score is how far the challenger was ahead, in standard errors: for one that is no better it is at most a
standard normal number. Who looks at each period, and stops at the first that looks well, finds chance with certainty
in the end. So the scores go into a Shiryaev-Roberts detector made of e-values, exp(slope * score - slope^2 / 2): of a
challenger that is never better, it reaches c after c periods at the least, on average, whenever one looks (Shin,
Ramdas and Rinaldo 2024, E-detectors, doi:10.51387/23-NEJSDS51). What was before a change does not count against what
comes after it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Small slopes find a small lead that lasts, large ones a large lead at once.
_SLOPES = (0.25, 0.5, 1.0, 2.0, 4.0)
# No period is surer than this: tails are the first thing that is wrong with a standard error.
_SUREST = 8.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The periods since the champion took its place.

    Attributes:
        periods: that the challenger could be held against the champion in.
        total: of their scores.
        error, rival: the sums of the challenger's and of the champion's errors.
        detectors: one for each slope, from 0 up.
    """

    periods: int = 0
    total: float = 0.0
    error: float = 0.0
    rival: float = 0.0
    detectors: Sequence[float] = (0.0,) * len(_SLOPES)

    def and_then(self, score: float, *, error: float = 0.0, rival: float = 0.0) -> "Evidence":
        """The evidence after one more period.

        Args:
            error, rival: of the challenger and of the champion, from 0 up.
        """
        bounded = max(-_SUREST, min(score, _SUREST))
        return Evidence(
            periods=self.periods + 1,
            total=self.total + bounded,
            error=self.error + error,
            rival=self.rival + rival,
            detectors=tuple(
                (1 + before) * math.exp(slope * bounded - slope**2 / 2)
                for slope, before in zip(_SLOPES, self.detectors, strict=True)
            ),
        )

    @property
    def odds(self) -> float:
        """The detector: the mean of those of all slopes, which is one itself."""
        return sum(self.detectors) / len(self.detectors)

    @property
    def gap(self) -> float:
        """By which share the challenger's error is lower than the champion's, in all periods together."""
        return 1 - self.error / self.rival if self.rival > 0 else 0.0

    @property
    def lead(self) -> float:
        """How far ahead the challenger is in all periods together, in standard errors."""
        return self.total / math.sqrt(self.periods) if self.periods else 0.0
