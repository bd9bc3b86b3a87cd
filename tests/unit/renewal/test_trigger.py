"""What a check means for renewal."""

import pytest

from evergreen.renewal.trigger import Trigger, trigger


def found(**changes):
    usual = {"drift": "", "quality": "", "broken": "", "new_labels": 0, "minimum_labels": 100, "labels": 500}
    return trigger(**{**usual, **changes})


def test_where_nothing_has_happened_there_is_nothing_to_say():
    assert found() == found(new_labels=499) == Trigger()


@pytest.mark.parametrize("cause", [{"drift": "drift: two of four"}, {"quality": "quality fell: mae 9"}])
def test_drift_or_a_fall_is_a_reason_from_the_fewest_labels_on(cause):
    [words] = cause.values()

    assert found(**cause, new_labels=100).reason == words
    assert found(**cause, new_labels=100).told.startswith("A renewal begins")


def test_both_together_are_one_reason_and_quality_comes_first():
    assert found(drift="drift: x", quality="quality fell: y", new_labels=100).reason == "quality fell: y; drift: x"


def test_enough_labels_are_a_reason_by_themselves():
    assert found(new_labels=500).reason == "500 new labelled predictions"


def test_of_a_new_champion_the_fewest_labels_are():
    assert not found(new_labels=99, watched=True).reason
    assert found(new_labels=100, watched=True).reason == (
        "100 new labelled predictions, and the champion is new and watched"
    )


def test_without_labels_nothing_begins_and_it_says_what_to_send():
    told = found(drift="drift: x", new_labels=99)

    assert told.reason == ""
    assert "99 predictions" in told.told
    assert "100 are needed" in told.told
    assert "POST /feedback" in told.told


@pytest.mark.parametrize("more", [{"drift": "drift: x", "new_labels": 100}, {"new_labels": 500}])
def test_nothing_begins_on_broken_input_and_it_says_what_is_broken(more):
    told = found(broken="rooms (missing in 100% of the rows)", **more)

    assert told.reason == ""
    assert "rooms (missing in 100% of the rows)" in told.told


def test_broken_input_alone_is_the_business_of_the_alarm():
    assert found(broken="rooms (missing)") == Trigger()
