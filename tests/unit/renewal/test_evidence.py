"""Evidence that holds however often one looks, and that finds a small lead that lasts."""

import math

import numpy as np
import pytest

from evergreen.renewal.evidence import Evidence

NOTHING = Evidence()


def after(scores):
    evidence = NOTHING
    for score in scores:
        evidence = evidence.and_then(score)
    return evidence


def test_chance_adds_no_more_than_one_a_period():
    """The mean over standard normal scores, exactly: what makes the mean time to a false alarm at least the odds."""
    points, weights = np.polynomial.hermite_e.hermegauss(200)
    for before in (NOTHING, after([1.0, 2.0])):
        mean = sum(
            weight * before.and_then(point).odds for point, weight in zip(points, weights, strict=True)
        ) / math.sqrt(2 * math.pi)

        assert before.odds + 0.99 < mean <= before.odds + 1 + 1e-9


def test_a_small_lead_that_lasts_is_found_and_each_period_alone_would_not_show_it():
    assert NOTHING.and_then(0.7).odds < 2
    assert after([0.7] * 30).odds > 300


def test_a_large_lead_is_found_at_once():
    assert NOTHING.and_then(5.0).odds > 300


def test_what_was_before_a_change_does_not_hide_it():
    """A mean over all periods would still be below 0."""
    long_behind = after([-1.0] * 100)

    assert long_behind.odds < 1.5
    assert after([-1.0] * 100 + [1.5] * 6).odds > 0.5 * after([1.5] * 6).odds
    assert after([-1.0] * 100 + [1.5] * 6).lead < 0


def test_the_lead_is_in_standard_errors_of_all_periods_together():
    assert NOTHING.lead == 0
    assert after([1.0, 2.0, 3.0, 0.0]).lead == pytest.approx(6 / 2)
    assert after([1.0, 2.0]).periods == 2


@pytest.mark.parametrize("score", [1e300, math.inf])
def test_no_period_is_surer_than_eight_standard_errors(score):
    assert NOTHING.and_then(score) == NOTHING.and_then(8.0)
    assert NOTHING.and_then(-score) == NOTHING.and_then(-8.0)
