"""When a difference between the reference and the window counts as drift.

A check makes many tests, so the threshold of each p-value is the rule's significance divided by the number of tests
(Bonferroni; Dunn 1961, doi:10.1080/01621459.1961.10482090). Without drift, the probability that a check names any
feature is then at most the significance, however the features depend on each other.

With a million rows, every difference is significant. So a difference must also reach `smallest_shift` to count.
"""

from evergreen.monitoring.drift.shift import Shift
from evergreen.settings.sections import DriftSettings


def counts(shift: Shift, rule: DriftSettings, *, tests: int) -> bool:
    """Whether a shift is drift, if `tests` are made in the same check."""
    return shift.p_value < rule.significance / tests and shift.distance >= rule.smallest_shift
