"""How far apart two samples are, and how likely that is by chance.

The tests treat the reference as a sample too. A test that took it for the whole truth would raise a false alarm on
every second small window.

Rows that depend on each other are worth fewer independent ones. Each test takes the share that is left of them: its
statistic is divided by the design effect (Rao and Scott 1981, doi:10.1080/01621459.1981.10477633).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, chi2_contingency, fisher_exact, kstwo

from evergreen.number_text import number
from evergreen.quoting import FEWEST_ROWS, quoted

Numbers = npt.NDArray[np.float64]

# Cochran 1954: the chi-square distribution holds where every expected count reaches five.
_LEAST_EXPECTED = 5


@dataclass(frozen=True, kw_only=True)
class Shift:
    """
    Attributes:
        distance: from 0 to 1, the largest difference between the shares of rows that fall on one side of a value, or
            between the shares of a set of categories.
        rows: the independent rows that the comparison of the samples is worth, if all of them are independent: half
            the harmonic mean of their sizes.
        p_value: the p-value of the hypothesis that both samples come from one distribution, if the comparison is worth
            the given share of `rows`, above 0 to 1.
        words: a sentence for people that says where the difference is largest.
    """

    distance: float
    rows: float
    p_value: Callable[[float], float]
    words: str


def shift_of_numbers(reference: Numbers, current: Numbers) -> Shift:
    """The two-sample Kolmogorov-Smirnov test, on finite numbers; neither sample may be empty."""
    distance, place = _largest_difference(reference, current)
    rows = _rows(len(reference), len(current))
    before, now = (float(np.mean(sample <= place)) for sample in (reference, current))
    medians = f"median {number(float(np.median(reference)))} → {number(float(np.median(current)))}"
    return Shift(
        distance=distance,
        rows=rows,
        p_value=lambda worth: float(kstwo.sf(distance, max(1, round(rows * worth)))) if distance else 1.0,
        words=f"{now:.0%} of the rows are at most {number(place)}, {before:.0%} in the reference; {medians}",
    )


def _largest_difference(reference: Numbers, current: Numbers) -> tuple[float, float]:
    """The largest difference between the shares of both samples that are at most a value, and that value.

    SciPy's ks_2samp gives the same, in ten times the time: most of it is spent on arguments and a p-value that is not
    used here.
    """
    before, now = np.sort(reference), np.sort(current)
    values = np.concatenate([before, now])
    below = [np.searchsorted(sample, values, side="right") / len(sample) for sample in (before, now)]
    difference = below[0] - below[1]
    lowest, highest = int(np.argmin(difference)), int(np.argmax(difference))
    place = lowest if -difference[lowest] > difference[highest] else highest
    return float(abs(difference[place])), float(values[place])


def shift_of_categories(reference: Mapping[str, int], current: Mapping[str, int]) -> Shift:
    """The chi-square test of homogeneity on counts by category, and the total variation distance.

    Rare categories are tested in groups; where that leaves two, Fisher's exact test takes over.
    """
    names = sorted({*reference, *current})
    counts = np.array([[sample.get(name, 0) for name in names] for sample in (reference, current)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    difference = shares[1] - shares[0]
    largest = int(np.argmax(np.abs(difference)))
    rare = counts[:, largest].sum() < FEWEST_ROWS
    name = f"a category of fewer than {FEWEST_ROWS} rows" if rare else quoted(str(names[largest]))
    grouped = _rare_in_groups(counts)
    return Shift(
        distance=float(np.abs(difference).sum() / 2),
        rows=_rows(*counts.sum(axis=1)),
        p_value=lambda worth: _homogeneity(grouped, worth),
        words=f"{name} is {shares[1][largest]:.0%} of the rows, {shares[0][largest]:.0%} in the reference",
    )


def shift_of_share(what: str, reference: tuple[int, int], current: tuple[int, int]) -> Shift:
    """Fisher's exact test on the number of rows that are `what`, and of those that are not."""
    before, now = (hits / (hits + others) for hits, others in (reference, current))
    return Shift(
        distance=abs(now - before),
        rows=_rows(sum(reference), sum(current)),
        p_value=lambda worth: _homogeneity(np.array([reference, current]), worth),
        words=f"{now:.0%} of the rows are {what}, {before:.0%} in the reference",
    )


def _rows(reference: int, current: int) -> float:
    return reference * current / (reference + current)


def _homogeneity(counts: npt.NDArray[np.int64], worth: float) -> float:
    """The p-value of two rows of counts."""
    if counts.shape[1] == 1:
        return 1.0
    if counts.shape[1] == 2:
        return float(fisher_exact(np.floor(counts * worth).astype(int)).pvalue)
    found = chi2_contingency(counts)
    return float(chi2.sf(found.statistic * worth, found.dof))


def _rare_in_groups(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The columns whose expected counts are too small for the test, added up, smallest first, until they are not.

    They make several groups, not one: in a small window, every one of a hundred categories may be rare.
    """
    smaller_sample = min(counts.sum(axis=1)) / counts.sum()
    expected = counts.sum(axis=0) * smaller_sample
    order = np.argsort(expected, kind="stable")
    starts, size = [0], 0.0
    for place, more in enumerate(expected[order].tolist()):
        # The largest stays apart from the rest: Fisher's test of two groups holds for small counts too.
        if size >= _LEAST_EXPECTED or (0 < place == len(order) - 1 and len(starts) == 1):
            starts.append(place)
            size = 0.0
        size += more
    if size < _LEAST_EXPECTED and len(starts) > 2:
        starts.pop()
    grouped: npt.NDArray[np.int64] = np.add.reduceat(counts[:, order], starts, axis=1)
    return grouped
