"""The replay of the reference against itself: a sane rule passes, one that cries wolf is refused."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evergreen.contract.contract import CATEGORY, NUMBER, Feature
from evergreen.errors import InvalidSettings
from evergreen.monitoring.drift.calibration import TOLERATED, calibrate
from evergreen.settings.sections import DriftSettings

FEATURES = (
    Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("Austin", "Dallas", "Waco")),
    Feature(name="rooms", type=NUMBER, missing_allowed=True, minimum=1, maximum=9),
    Feature(name="area", type=NUMBER, missing_allowed=False, minimum=0, maximum=1000),
)
SANE = DriftSettings()
# Each test says "drift" in nine cases of ten that are none.
JUMPY = DriftSettings(significance=0.9, share=0.01, smallest_shift=0.001)


@pytest.fixture(scope="module")
def reference():
    generator = np.random.default_rng(0)
    rooms = generator.integers(1, 10, 500).astype(float)
    rooms[::20] = np.nan
    return pd.DataFrame(
        {
            "city": generator.choice(np.array(["Austin", "Dallas", "Waco"], object), 500),
            "rooms": rooms,
            "area": generator.uniform(0, 1000, 500),
        }
    )


def test_a_sane_rule_raises_almost_no_false_alarm_at_any_size(reference):
    measured = calibrate(reference, FEATURES, SANE, seed=0, replays=120)

    assert [(item.rows, item.replays) for item in measured] == [(200, 120), (1000, 120)]
    for item in measured:
        # Of 120 at 1% at most, chance lets more than 4 happen in 1% of the cases.
        assert item.false_alarms <= item.named <= 4
        assert item.false_alarms <= 1


def test_the_sizes_follow_from_the_least_that_the_rule_asks_for(reference):
    measured = calibrate(reference, FEATURES, replace(SANE, minimum_rows=60), seed=0, replays=5)

    assert [item.as_dict()["rows"] for item in measured] == [60, 300]


def test_a_rule_that_cries_wolf_is_refused_with_its_rate_and_a_remedy(reference):
    with pytest.raises(InvalidSettings) as refusal:
        calibrate(reference, FEATURES, JUMPY, seed=0, replays=50)

    message = str(refusal.value)
    assert "[drift] share = 0.01 with significance = 0.9" in message
    rate = int(re.search(r"(\d+)% of the checks on 200 rows without drift", message)[1])
    # One of several tests at 0.9 divided by their number says "drift" in up to 90% of the cases.
    assert 20 <= rate <= 95
    assert f"at most {TOLERATED:.0%} is allowed" in message
    assert "significance to 0.01" in message


def test_each_remedy_is_one(reference):
    with pytest.raises(InvalidSettings) as refusal:
        calibrate(reference, FEATURES, JUMPY, seed=0, replays=50)
    share = float(re.search(r"set share to (0\.\d+)", str(refusal.value))[1])

    assert calibrate(reference, FEATURES, replace(JUMPY, share=share), seed=0, replays=50)
    assert calibrate(reference, FEATURES, replace(JUMPY, significance=0.01), seed=0, replays=50)


def test_where_every_feature_is_named_only_the_significance_can_be_lowered(reference):
    with pytest.raises(InvalidSettings) as refusal:
        calibrate(reference, FEATURES[2:], JUMPY, seed=0, replays=50)

    assert "set share" not in str(refusal.value)
    assert str(refusal.value).endswith("To hold that, lower significance to 0.01")


def test_a_share_that_is_just_reached_is_no_alarm(reference):
    """One of three features is often named here, two seldom."""
    rule = DriftSettings(significance=0.15, share=1 / 3, smallest_shift=0.001)

    measured = calibrate(reference, FEATURES, rule, seed=1, replays=50)

    assert all(item.false_alarms <= 2 < item.named for item in measured)


def test_the_same_seed_gives_the_same_result_and_another_one_another(reference):
    # So jumpy that there is something to count, but never about all three features at once.
    rule = replace(JUMPY, significance=0.5, share=0.99)

    def named(seed: int) -> list[int]:
        return [item.named for item in calibrate(reference, FEATURES, rule, seed=seed, replays=12)]

    assert named(1) == named(1)
    assert len({tuple(named(seed)) for seed in range(1, 4)}) > 1
