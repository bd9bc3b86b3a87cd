"""When a challenger takes the champion's place."""

from dataclasses import replace

import numpy as np
import pytest

from evergreen.renewal.rule import (
    ALL,
    BACK,
    FAR,
    GROWN,
    HALF,
    LAST,
    MOVING,
    SURE,
    Challenger,
    Standing,
    judge_period,
    succeed,
)

FIRST = Standing(champion=ALL, rows=1000)


def of(name, score, rows=1000):
    return Challenger(name=name, rows=rows, score=score, error=1.0, rival=1.0)


def live(standing, *periods):
    """The verdicts of some periods, each given as the challengers' scores by name, up to the first promotion."""
    verdicts = []
    for scores in periods:
        verdicts.append(judge_period(standing, [of(name, score) for name, score in scores.items()]))
        standing = verdicts[-1].standing
        if verdicts[-1].challenger:
            break
    return verdicts


def test_a_large_lead_promotes_at_once_and_says_why():
    [verdict] = live(FIRST, {ALL: 0.1, LAST: 5.0, HALF: 1.0})

    assert (verdict.gate, verdict.challenger.name) == (SURE, LAST)
    assert verdict.reason.startswith("last is ahead of the champion beyond chance in 1 period: odds of ")
    assert verdict.reason.endswith("to 1, and 150 to 1 are needed")


def test_a_small_lead_must_last():
    verdicts = live(FIRST, *[{LAST: 1.0}] * 50)

    assert 4 < len(verdicts) < 15
    assert [verdict.gate for verdict in verdicts] == [""] * (len(verdicts) - 1) + [SURE]
    assert verdicts[0].reason == (
        "no challenger is ahead of the champion beyond chance; the first of them is last: odds of 1 to 1, and 50 to 1 "
        "are needed"
    )


def test_more_challengers_need_more_evidence():
    one = live(FIRST, *[{LAST: 1.5}] * 20)
    many = live(FIRST, *[{LAST: 1.5, HALF: -9.0, ALL: -9.0, "v1": -9.0, "v2": -9.0, "v3": -9.0}] * 20)

    assert len(one) < len(many)


def test_of_several_that_are_sure_the_one_with_the_least_error_is_promoted():
    surest, best = replace(of(LAST, 5.5), error=0.9), replace(of(HALF, 5.0), error=0.5)

    assert judge_period(FIRST, [surest, best]).challenger.name == HALF
    assert judge_period(FIRST, [surest, replace(best, score=1.0)]).challenger.name == LAST


def test_of_two_that_are_as_good_the_surest_is_promoted():
    [verdict] = live(FIRST, {LAST: 5.0, HALF: 5.5})

    assert verdict.challenger.name == HALF


def test_a_period_without_challengers_decides_nothing_and_forgets_nothing():
    [before] = live(FIRST, {LAST: 1.0})

    verdict = judge_period(before.standing, [])

    assert (verdict.gate, verdict.challenger) == ("", None)
    assert verdict.reason == "no challenger could be held against the champion"
    assert verdict.standing == before.standing


def test_a_challenger_that_was_absent_keeps_its_evidence():
    first, second = live(FIRST, {LAST: 1.0, HALF: 0.0}, {HALF: 0.0})

    assert second.standing.evidence[LAST] == first.standing.evidence[LAST]


SWITCHED = succeed(live(FIRST, {LAST: 6.0})[0], champion="v1")


def test_after_a_sure_promotion_all_begins_anew():
    assert Standing(champion=LAST, rows=1000, predecessor="v1", moving=True) == SWITCHED


def test_while_the_world_moves_a_lead_in_two_periods_is_enough():
    one, two = live(SWITCHED, {LAST: 0.6, "v1": -0.5}, {LAST: 0.6, "v1": 0.0})

    assert (one.gate, two.gate) == ("", MOVING)
    assert two.challenger.name == LAST
    assert "ahead of the champion by 0.8485 standard errors in 2 periods" in two.reason


def test_in_a_still_world_the_same_lead_is_not_enough():
    assert all(not verdict.gate for verdict in live(replace(SWITCHED, moving=False), *[{LAST: 0.6, "v1": 0.0}] * 2))


def test_the_world_is_said_to_move_on_only_once_a_brisk_promotion_has_proved_right():
    renewed = succeed(live(SWITCHED, *[{LAST: 0.6}] * 2)[-1], champion="v2")
    assert not renewed.moving

    unproved = live(renewed, *[{LAST: 0.6, "v2": -0.3}] * 2)
    proved = live(renewed, *[{LAST: 0.6, "v2": -0.5}] * 2)

    assert [verdict.gate for verdict in unproved] == ["", ""]
    assert proved[-1].gate == MOVING


def test_a_champion_that_does_worse_than_its_predecessor_gives_the_place_back():
    [_, verdict] = live(SWITCHED, {LAST: 0.0, "v1": 1.2}, {LAST: 0.0, "v1": 1.2})

    assert (verdict.gate, verdict.challenger.name) == (BACK, "v1")
    assert "the champion does worse than v1, which it took the place of, on the rows of the 2 periods" in verdict.reason


def test_going_back_happens_once():
    back = succeed(live(SWITCHED, *[{"v1": 1.2}] * 2)[-1], champion="v2")
    assert (back.champion, back.predecessor, back.moving) == ("v1", "", False)

    assert [verdict.gate for verdict in live(back, *[{"v2": 1.2}] * 2)] == ["", ""]


def test_a_predecessor_is_watched_for_eight_periods():
    still = replace(SWITCHED, moving=False)

    in_time, too_late = (live(still, *[{"v1": score}] * 9) for score in (0.6, 0.56))

    assert ([verdict.gate for verdict in in_time][-1], len(in_time)) == (BACK, 8)
    assert too_late[-1].standing.evidence["v1"].lead > 1.64
    assert {verdict.gate for verdict in too_late} == {""}


def far(score, *errors, rival=1.0):
    """The last of some periods with one challenger of the same score in each."""
    standing = FIRST
    for error in errors:
        challenger = replace(of(LAST, score), error=error, rival=rival)
        verdict = judge_period(standing, [challenger])
        standing = verdict.standing
    return verdict


def test_where_much_error_is_at_stake_less_certainty_is_enough():
    """A week in which a model fails from the first hour to the last is little evidence, and a bad week."""
    verdict = far(0.4, 0.6, 0.6)

    assert (verdict.gate, verdict.challenger.name) == (FAR, LAST)
    assert verdict.reason == (
        "last has 40% less error than the champion in 2 periods, and is ahead by 0.5657 standard errors: where so much "
        "is at stake, 33.3% and 0.5 are enough"
    )
    assert succeed(verdict, champion="v1").moving


@pytest.mark.parametrize(
    "verdict",
    [far(0.4, 0.7, 0.7), far(0.3, 0.6, 0.6), far(1.5, 0.5), far(0.4, 0.0, 0.0, rival=0.0)],
    ids=["less than a third", "less than half a standard error", "one period", "no error at all"],
)
def test_less_error_is_not_far_less(verdict):
    assert verdict.gate == ""


def test_far_more_rows_of_the_same_window_are_enough_if_they_do_no_harm():
    def grown(score, *, rows=1500, name=ALL, champion=ALL):
        return judge_period(replace(FIRST, champion=champion), [of(name, score, rows)]).gate

    assert grown(0.1) == GROWN
    assert grown(-0.1) == ""
    assert grown(0.1, rows=1499) == ""
    assert grown(0.1, champion=LAST) == ""
    assert grown(0.1, name=LAST) == ""


def test_the_reason_of_growth_says_how_much():
    verdict = judge_period(FIRST, [of(ALL, 0.1, 1700)])

    assert verdict.reason == (
        "there are 1.7 times the rows that the champion was fitted to, and a model of all of them is not behind it"
    )


@pytest.mark.parametrize("seed", range(3))
def test_of_models_that_are_never_better_few_are_promoted(seed):
    generator = np.random.default_rng(seed)
    standing, earlier, gates = FIRST, [], []
    for period in range(2000):
        names = [ALL, LAST, HALF, *earlier[-3:]]
        verdict = judge_period(standing, [of(name, float(generator.standard_normal())) for name in names])
        standing = verdict.standing
        if verdict.challenger:
            gates.append(verdict.gate)
            earlier.append(f"v{period}")
            standing = succeed(verdict, champion=earlier[-1])

    assert gates.count(SURE) < 0.01 * 2000
    assert len(gates) < 0.05 * 2000
