"""The rules of promotion, as values."""

import pytest

from evergreen.promotion import decide_promotion


def decide(candidate: float, champion: float | None):
    return decide_promotion(metric="mape", candidate=candidate, baseline=0.5, champion=champion)


def test_the_first_champion_must_beat_the_mean():
    assert decide(0.4, None).promote
    assert not decide(0.5, None).promote
    assert not decide(0.6, None).promote


def test_a_later_candidate_must_beat_the_champion():
    assert decide(0.3, 0.4).promote
    assert not decide(0.4, 0.4).promote
    assert not decide(0.45, 0.4).promote


def test_a_candidate_that_beats_a_bad_champion_but_not_the_mean_is_refused():
    assert not decide(0.6, 0.9).promote


def test_a_metric_that_is_not_a_number_never_wins():
    assert not decide(float("nan"), None).promote
    assert not decide(float("nan"), 0.4).promote


@pytest.mark.parametrize(
    ("candidate", "champion", "words"),
    [
        (0.4, None, ["first champion", "0.4", "0.5"]),
        (0.3, 0.4, ["0.3 beats 0.4"]),
        (0.4, 0.4, ["no better than 0.4 of the champion"]),
        (0.6, 0.9, ["no better than 0.5", "mean"]),
    ],
)
def test_the_reason_gives_the_numbers(candidate, champion, words):
    reason = decide(candidate, champion).reason

    assert "mape" in reason
    for word in words:
        assert word in reason


def test_for_a_metric_where_higher_is_better_higher_wins():
    def promoted(candidate: float, champion: float | None) -> bool:
        return decide_promotion(metric="accuracy", candidate=candidate, baseline=0.6, champion=champion).promote

    assert promoted(0.7, None)
    assert not promoted(0.5, None)
    assert promoted(0.8, 0.7)
    assert not promoted(0.7, 0.8)


def test_the_reason_names_the_baseline_of_the_task():
    reason = decide_promotion(metric="accuracy", candidate=0.5, baseline=0.6, champion=None).reason

    assert "always predicting the commonest class" in reason
