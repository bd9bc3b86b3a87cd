"""The false-alarm rate of the drift check, measured at training by replays of the reference.

A replay draws both samples from the reference itself, so every drift that it finds is a false alarm.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from evergreen.contract.contract import Feature
from evergreen.errors import InvalidSettings
from evergreen.monitoring.drift.comparison import compare
from evergreen.number_text import number
from evergreen.settings.sections import DriftSettings

# The share of checks without drift that may raise a false alarm.
TOLERATED = 0.01
REPLAYS = 200
# Window sizes to replay, as multiples of the rule's minimum_rows.
_SIZES = (1, 5)
# The most rows that a replay uses as the reference. More rows would change no rate, and only cost time.
_REFERENCE_ROWS = 10_000
# A rate counts as too high only if chance alone would show it with a smaller probability than this.
_CERTAINTY = 0.01


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The result for one window size: replays that raised a false alarm, and replays that named any feature."""

    rows: int
    replays: int
    false_alarms: int
    named: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def calibrate(
    reference: pd.DataFrame, features: Sequence[Feature], rule: DriftSettings, *, seed: int, replays: int = REPLAYS
) -> list[Calibration]:
    """Replay windows of several sizes.

    Args:
        reference: rows as comparison.compare takes them.
        features: those that the rule compares.

    Raises:
        InvalidSettings: the rule raises false alarms in more than 1% of the checks.
    """
    generator = np.random.default_rng(seed)
    found = []
    for rows in (rule.minimum_rows * factor for factor in _SIZES):
        shares = [_replay(reference, features, rule, rows, generator) for _ in range(replays)]
        measured = Calibration(
            rows=rows,
            replays=replays,
            false_alarms=sum(share > rule.share for share in shares),
            named=sum(share > 0 for share in shares),
        )
        if binom.sf(measured.false_alarms - 1, replays, TOLERATED) < _CERTAINTY:
            raise InvalidSettings(_refusal(measured, shares, rule))
        found.append(measured)
    return found


def _replay(
    reference: pd.DataFrame, features: Sequence[Feature], rule: DriftSettings, rows: int, generator: np.random.Generator
) -> float:
    """The share of features that a check of two samples of the same rows names."""
    sizes = (min(len(reference), _REFERENCE_ROWS), rows)
    before, now = (reference.iloc[generator.integers(0, len(reference), size)] for size in sizes)
    return compare(before, now, features, rule).share


def _refusal(measured: Calibration, shares: list[float], rule: DriftSettings) -> str:
    # Rounded up: a share that is rounded down would still be exceeded.
    nearest = math.ceil(100 * float(np.quantile(shares, 1 - TOLERATED, method="higher"))) / 100
    remedy = f"set share to {nearest:g}, or lower significance" if nearest < 1 else "lower significance"
    return (
        f"[drift] share = {rule.share:g} with significance = {rule.significance:g} would raise false alarms in "
        f"{measured.false_alarms / measured.replays:.0%} of the checks on {number(measured.rows)} rows without drift; "
        f"at most {TOLERATED:.0%} is allowed. To hold that, {remedy} to 0.01"
    )
