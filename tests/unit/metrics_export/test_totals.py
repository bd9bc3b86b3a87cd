"""A counter counts what a sum by the minute has grown by, once, and never falls."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cli.metrics_export.totals import Total

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def minute(number):
    return NOON + timedelta(minutes=number)


def test_what_was_there_at_the_first_look_is_not_counted():
    total = Total()
    total.update({minute(0): 7.0}, NOON)

    assert total.value == 0


def test_a_minute_that_grows_and_a_new_one_are_counted():
    total = Total()
    total.update({minute(0): 7.0}, NOON)
    total.update({minute(0): 9.0, minute(1): 5.0}, NOON)

    assert total.value == 7


def test_a_minute_that_comes_late_is_counted():
    total = Total()
    total.update({minute(5): 1.0}, NOON)
    total.update({minute(5): 1.0, minute(2): 4.0}, NOON)

    assert total.value == 4


def test_an_answer_with_less_than_before_takes_nothing_away_and_counts_nothing_twice():
    total = Total()
    total.update({}, NOON)
    total.update({minute(1): 6.0}, NOON)
    total.update({}, NOON)
    total.update({minute(1): 4.0}, NOON)
    total.update({minute(1): 6.0}, NOON)

    assert total.value == 6


def test_a_longer_look_back_finds_nothing_new_in_what_is_done_with():
    total = Total()
    total.update({minute(60): 1.0}, minute(60))
    total.update({minute(1): 100.0, minute(60): 2.0}, NOON)

    assert total.value == 1


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 90), st.integers(0, 9)), max_size=20).map(dict),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_grows_is_counted_once_however_it_is_looked_at(growths):
    """Looks back an hour at a sum that grows anywhere within that hour; each look comes eight minutes later."""
    total, truth, counted = Total(), {}, 0
    for number, growth in enumerate(growths):
        since = minute(8 * number)
        for offset, more in growth.items():
            begun = min(offset, 59)
            truth[since + timedelta(minutes=begun)] = truth.get(since + timedelta(minutes=begun), 0) + more
            counted += more if number else 0
        before = total.value
        total.update({moment: float(value) for moment, value in truth.items() if moment >= since}, since)
        assert total.value >= before
    assert total.value == counted
