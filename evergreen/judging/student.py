"""Student's t distribution, without SciPy, which is too large for Judge."""

import math
from statistics import NormalDist

# Beyond it, the expansion of Student's t is exact to six digits.
_MANY_DEGREES = 100
# Below it, 1 minus a probability is rounded too much to be told from 1.
_LEAST_PROBABILITY = 1e-15


def student_quantile(confidence: float, degrees: int) -> float:
    """The quantile of Student's t, above one half."""
    z = NormalDist().inv_cdf(confidence)
    if degrees > _MANY_DEGREES:
        # Abramowitz and Stegun 1964, 26.7.5.
        return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
    # Between 0 and a right angle, of which the tangent is the quantile.
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < 2 * confidence - 1 else (low, middle)
    return math.tan(low) * math.sqrt(degrees)


def normal_score(statistic: float, degrees: int) -> float:
    """The standard normal number that is as improbable as a statistic of Student's t."""
    if degrees > _MANY_DEGREES:
        # Abramowitz and Stegun 1964, 26.7.8.
        return statistic * (1 - 1 / (4 * degrees)) / math.sqrt(1 + statistic**2 / (2 * degrees))
    above = (1 - _within(math.atan(abs(statistic) / math.sqrt(degrees)), degrees)) / 2
    return math.copysign(NormalDist().inv_cdf(1 - max(above, _LEAST_PROBABILITY)), statistic)


def _within(angle: float, degrees: int) -> float:
    """The probability that Student's t lies within +-sqrt(degrees) * tan(angle).

    Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
    """
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = term if degrees > 1 else 0.0
    for power in range(2 + odd, degrees - 1, 2):
        term *= math.cos(angle) ** 2 * (power - 1) / power
        total += term
    within = math.sin(angle) * total
    return 2 / math.pi * (angle + within) if odd else within
