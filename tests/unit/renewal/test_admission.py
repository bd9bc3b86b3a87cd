"""When a renewal may begin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evergreen.renewal.admission import Limits, why_not
from evergreen.renewal.ledger import MOST_RUNS, Ledger, Run

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LIMITS = Limits(
    cool_down_hours=24,
    runs_per_day=2,
    runs_per_month=5,
    dollars_per_month=10,
    hands_off_days=7,
    dollars=0.4,
)


def ran(*ago, dollars=0.1):
    """A ledger of runs that began so many hours ago, the oldest first."""
    runs = tuple(
        Run(
            id=str(hours),
            version="v",
            reason="drift",
            began=(NOW - timedelta(hours=hours)).isoformat(),
            dollars=dollars,
        )
        for hours in ago
    )
    return Ledger(runs=runs)


def asked(ledger, limits=LIMITS, *, by_hand=False, changed_by_hand=None):
    return why_not(ledger, limits, now=NOW, by_hand=by_hand, changed_by_hand=changed_by_hand)


def test_the_first_may_begin():
    assert asked(Ledger()) == ""


@pytest.mark.parametrize("by_hand", [True, False])
def test_none_begins_while_renewal_is_paused(by_hand):
    assert asked(Ledger(paused="by Ann"), by_hand=by_hand) == "renewal is paused: by Ann. To go on: evergreen resume"


def test_it_rests_after_a_renewal_unless_a_person_asks():
    assert "2026-11-30 13:00 UTC" in asked(ran(23))
    assert asked(ran(24)) == asked(ran(23), by_hand=True) == ""


def test_a_champion_that_somebody_went_back_to_is_left_alone_unless_a_person_asks():
    changed = NOW - timedelta(days=3)

    told = asked(Ledger(), changed_by_hand=changed)
    assert "left alone until 2026-12-04 12:00 UTC" in told
    assert "evergreen renew" in told
    assert asked(Ledger(), changed_by_hand=changed, by_hand=True) == ""
    assert asked(Ledger(), changed_by_hand=NOW - timedelta(days=7)) == ""


@pytest.mark.parametrize("by_hand", [True, False])
def test_the_ceilings_hold_for_everybody(by_hand):
    restless = replace(LIMITS, cool_down_hours=0)

    told = asked(ran(20, 2), restless, by_hand=by_hand)
    assert "2 renewals" in told
    assert "runs_per_day is 2" in told
    assert "2026-11-30 16:00 UTC" in told
    told = asked(ran(500, 400, 300, 200, 100), restless, by_hand=by_hand)
    assert "5 renewals" in told
    assert "runs_per_month is 5" in told


def test_what_is_longer_ago_does_not_count():
    assert asked(ran(24 * 31, 24 * 31, 24 * 30, 24, 24), replace(LIMITS, cool_down_hours=0)) == ""


def test_a_renewal_begins_only_if_its_jobs_could_run_to_their_limits():
    assert asked(ran(100, dollars=9.6)) == ""
    told = asked(ran(100, dollars=9.7))
    assert "9.70 dollars" in told
    assert "0.40" in told
    assert "dollars_per_month, 10.00" in told


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_clock_that_was_set_back_begins_nothing(by_hand):
    told = asked(ran(-1), by_hand=by_hand)
    assert "2026-11-30 12:00 UTC" in told
    assert "2026-11-30 13:00 UTC" in told
    assert "set back" in told


def test_a_ceiling_beyond_what_the_ledger_remembers_is_that():
    many = replace(LIMITS, cool_down_hours=0, runs_per_day=10 * MOST_RUNS, runs_per_month=10 * MOST_RUNS)

    assert asked(ran(*[1] * (MOST_RUNS - 1), dollars=0), many) == ""
    assert "renewals began" in asked(ran(*[1] * MOST_RUNS, dollars=0), many)
