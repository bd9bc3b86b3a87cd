"""How often a check would say "drift" where there is none, measured by replays of the reference at training.

A replay draws both samples from the reference itself, so that every "drift" in it is a false alarm.
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
from evergreen.settings.sections import DriftSettings

# Share of the checks without drift that may say "drift".
TOLERATED = 0.01
REPLAYS = 200
# Window sizes to replay, in units of the rule's least.
_SIZES = (1, 5)
# Rows that a replay takes for the reference: from here on more of them change no rate, and only cost time.
_REFERENCE_ROWS = 10_000
# A rate is called too high only if chance would show it less often than this.
_CERTAINTY = 0.01


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Of one window size: replays that said "drift", and those that named any feature at all."""

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
        InvalidSettings: the rule says "drift" where there is none in more than 1% of the checks.
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
    """The share of features that a check names in two samples of the same rows."""
    sizes = (min(len(reference), _REFERENCE_ROWS), rows)
    before, now = (reference.iloc[generator.integers(0, len(reference), size)] for size in sizes)
    return compare(before, now, features, rule).share


def _refusal(measured: Calibration, shares: list[float], rule: DriftSettings) -> str:
    # Up, since a share that is rounded down would still be passed.
    nearest = math.ceil(100 * float(np.quantile(shares, 1 - TOLERATED, method="higher"))) / 100
    remedy = f"set share to {nearest:g}, or lower significance" if nearest < 1 else "lower significance"
    return (
        f"[drift] share = {rule.share:g} with significance = {rule.significance:g} would raise false alarms in "
        f"{measured.false_alarms / measured.replays:.0%} of the checks on {measured.rows} rows without drift; "
        f"{TOLERATED:.0%} is tolerated. To hold that, {remedy} to 0.01"
    )
