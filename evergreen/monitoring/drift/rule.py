"""When a difference between the reference and the window counts as drift.

A year of checks may raise `false_alarms_per_year`, which gives the probability that one check may. A check makes many
tests, so the threshold of each p-value is this probability divided by the number of tests (Bonferroni; Dunn 1961,
doi:10.1080/01621459.1961.10482090). Without drift, the probability that a check names any column is then at most that,
however the columns depend on each other. No reason of an alarm (alarm.py) can arise unless a column is named.

With a million rows, every difference is significant. So a difference must also reach `smallest_shift` to count.
"""

from evergreen.settings.sections import DriftSettings


def significance(rule: DriftSettings) -> float:
    """The probability that a check without drift may raise an alarm."""
    return rule.false_alarms_per_year / rule.checks_per_year


def counts(distance: float, p_value: float, rule: DriftSettings, *, tests: int) -> bool:
    """Whether a shift is drift, if `tests` are made in the same check."""
    return p_value < significance(rule) / tests and distance >= rule.smallest_shift
