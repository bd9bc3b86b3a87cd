"""How many independent rows a sample is worth when its rows depend on each other.

Rows that are near in time, or that belong to one group, tend to err together. Then a mean over n rows is as uncertain
as one over fewer independent rows: n divided by the design effect (Kish 1965, Survey Sampling), the variance of the
mean divided by what it would be if the rows were independent.

- In time, the variance of a mean is the long-run variance of the series. It is taken from an autoregression whose order
  Akaike's criterion chooses (Berk 1974, doi:10.1214/aos/1176342709; den Haan and Levin 1997), and from the means of
  blocks of 2, 4, 8 ... rows (Carlstein 1986, doi:10.1214/aos/1176350057); the largest counts.
- In groups, it is that of the jackknife which leaves out whole groups (MacKinnon, Nielsen and Webb 2023,
  doi:10.1016/j.jeconom.2022.04.001).
- Where both are known, the two are added, and what both contain is taken out once (Cameron, Gelbach and Miller 2011,
  doi:10.1198/jbes.2010.07136).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evergreen.number_text import counted, number
from evergreen.versions.bundle import HoldoutRow

Floats = NDArray[np.float64]
Codes = NDArray[np.int_]

# With fewer moments than this, nothing can be said of how moments differ: rows are taken in their order instead.
_LEAST_MOMENTS = 8
# A long-run variance has at most a degree of freedom for each stretch of so many rows: a short series does not show how
# long its memory is. There are at least three; with fewer, bounds grow out of proportion, and hold no more often.
_STRETCH, _LEAST_DEGREES = 30, 3
# What is smaller than this share of the values is their rounding.
_ROUNDING = 1e-12
# The largest blocks are a quarter of the series.
_LEAST_BLOCKS = 4


@dataclass(frozen=True, kw_only=True)
class Units:
    """What is known of how rows depend on each other: whole numbers, one for each row.

    Attributes:
        moments: larger for a later row, equal for rows of the same moment; None if the rows have no order in time.
        groups: equal for rows of the same group; None if they have none.
    """

    moments: Codes | None = None
    groups: Codes | None = None

    def take(self, rows: Sequence[int] | Codes) -> "Units":
        """Those of some rows, by their position."""
        moments, groups = (None if unit is None else unit[rows] for unit in (self.moments, self.groups))
        return Units(moments=moments, groups=groups)

    def then(self, later: "Units") -> "Units":
        """Those of these rows and of others below them."""
        moments, groups = (
            None if one is None or other is None else np.concatenate([one, other])
            for one, other in ((self.moments, later.moments), (self.groups, later.groups))
        )
        return Units(moments=moments, groups=groups)


# Of rows of which nothing is known: they are taken as independent.
INDEPENDENT = Units()


def units_of(rows: Sequence[HoldoutRow]) -> Units:
    """Those of holdout rows, as Prepare found them."""
    moments = [row.moment for row in rows if row.moment is not None]
    groups = [row.group for row in rows if row.group is not None]
    return Units(
        moments=np.array(moments) if moments and len(moments) == len(rows) else None,
        groups=np.array(groups) if groups and len(groups) == len(rows) else None,
    )


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a sample tells of a mean.

    Attributes:
        rows: of the sample.
        independent: the number of independent rows that would tell as much, from 1 to `rows`.
        degrees: of freedom with which the uncertainty itself is known.
        by: what the rows depend on: "time", "group", both, or nothing that is known.
    """

    rows: int
    independent: int
    degrees: int
    by: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Independent rows per row, from 0 to 1."""
        return self.independent / self.rows

    @property
    def text(self) -> str:
        rows = counted(self.rows, "row")
        if not self.by:
            return f"{rows}, taken as independent"
        return rows if self.independent == self.rows else f"{rows}, worth about {number(self.independent)} independent"


def worth(influence: Floats, units: Units) -> Worth:
    """The worth of the rows for a metric.

    Args:
        influence: by row, how much the metric changes with the weight of the row; its mean is of no account.
    """
    centred = influence - influence.mean()
    alone = float(centred @ centred)
    rows = len(centred)
    # Rounding leaves a trace of a difference where there is none.
    if rows < 2 or alone <= rows * (_ROUNDING * float(np.abs(influence).max(initial=0.0))) ** 2:
        return Worth(rows=rows, independent=rows, degrees=max(rows - 1, 1), by=_known(units))
    effects, degrees, by = [], [rows - 1.0], []
    if units.moments is not None:
        variance, free = _in_time(centred, units.moments)
        effects.append(variance / alone)
        degrees.append(free)
        by.append("time")
    # A single group does not tell how groups differ.
    if units.groups is not None and (codes := np.unique(units.groups, return_inverse=True)[1]).any():
        effects.append(_in_groups(centred, codes) / alone)
        degrees.append(_degrees_of_groups(codes, effects[-1]))
        by.append("group")
    effect = max(1.0, *effects, sum(effects) - len(effects) + 1) if effects else 1.0
    independent = max(1, round(rows / effect))
    return Worth(
        rows=rows,
        independent=independent,
        degrees=max(1, math.floor(min(independent - 1, *degrees))),
        by=tuple(by),
    )


def _known(units: Units) -> tuple[str, ...]:
    return tuple(name for name, unit in (("time", units.moments), ("group", units.groups)) if unit is not None)


def _in_time(centred: Floats, moments: Codes) -> tuple[float, float]:
    """The variance of the rows' sum, and its degrees of freedom.

    Rows of one moment are added up first, so that it does not matter in which order they stand.
    """
    distinct, place = np.unique(moments, return_inverse=True)
    if len(distinct) < _LEAST_MOMENTS:
        series: Floats = centred[np.argsort(moments, kind="stable")]
    else:
        series = np.bincount(place, weights=centred).astype(np.float64)
    # A few large errors can hide how alike the others are, but not in their ranks.
    effect = max(_effect(series), _effect(_ranks(series)))
    degrees = max(min(len(series) / effect - 1, len(centred) / _STRETCH), _LEAST_DEGREES)
    return len(series) * float(series.var()) * effect, degrees


def _effect(series: Floats) -> float:
    """The long-run variance of a series divided by its variance; at least 1."""
    variance = float(series.var())
    return max(1.0, _long_run_variance(series) / variance) if variance > 0 else 1.0


def _ranks(series: Floats) -> Floats:
    """By value; equal values share the mean of their ranks."""
    _, place, counts = np.unique(series, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _long_run_variance(series: Floats) -> float:
    """The variance of the mean of a series, times its length."""
    series = series - series.mean()
    found = [_autoregressive(series)]
    size = 2
    while len(series) // size >= _LEAST_BLOCKS:
        count = len(series) // size
        means = series[len(series) - count * size :].reshape(count, size).mean(axis=1)
        found.append(size * float(means.var(ddof=1)))
        size *= 2
    return max(found)


def _autoregressive(series: Floats) -> float:
    """The long-run variance of the autoregression that describes a centred series best.

    Solved by the recursion of Levinson and Durbin. The sum of the coefficients is estimated too small in a short
    series; its bias is that of the first order (Marriott and Pope 1954, doi:10.1093/biomet/41.3-4.390).
    """
    rows = len(series)
    order = int(min(rows // 4, 10 * math.log10(rows)))
    covariances = _autocovariances(series, order)
    error = float(covariances[0])
    # Akaike's criterion, the variance of the error, and the sum of the coefficients.
    best = (rows * math.log(error), error, 0.0) if error > 0 else (0.0, 0.0, 0.0)
    coefficients: Floats = np.zeros(0)
    for lag in range(1, order + 1):
        if error <= 1e-12 * covariances[0]:
            break
        reflection = (covariances[lag] - coefficients @ covariances[1:lag][::-1]) / error
        coefficients = np.append(coefficients - reflection * coefficients[::-1], reflection)
        error *= 1 - reflection**2
        if error <= 0:
            break
        best = min(best, (rows * math.log(error) + 2 * lag, error, float(coefficients.sum())))
    _, error, total = best
    if total:
        total = min(total + (1 + 3 * total) / rows, 1 - 1 / rows)
    return error / (1 - total) ** 2


def _autocovariances(series: Floats, lags: int) -> Floats:
    """At lag 0 and each of the next `lags`, by the Fourier transform: a long series has many products."""
    transformed = np.fft.rfft(series, 1 << (2 * len(series) - 1).bit_length())
    products: Floats = np.fft.irfft(transformed * np.conj(transformed))[: lags + 1]
    return products / len(series)


def _in_groups(centred: Floats, codes: Codes) -> float:
    """The variance of the rows' sum by the jackknife over groups."""
    sums, sizes = np.bincount(codes, weights=centred), np.bincount(codes)
    without = sums / (1 - sizes / len(centred))
    return float(without @ without) * (len(sums) - 1) / len(sums)


def _degrees_of_groups(codes: Codes, effect: float) -> float:
    """The degrees of freedom of a variance over groups of unequal sizes (Satterthwaite 1946, doi:10.2307/3002019).

    The variance of a group's sum follows from its size and from what the rows of a group have in common, which makes
    the design effect.
    """
    sizes = np.bincount(codes).astype(np.float64)
    common = (effect - 1) / max(float(sizes @ sizes) / len(codes) - 1, 1e-9)
    variances = sizes * (1 + min(max(common, 0.0), 1.0) * (sizes - 1))
    return float(variances.sum() ** 2 / (variances @ variances)) - 1
