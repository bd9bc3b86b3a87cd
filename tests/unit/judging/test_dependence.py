"""What rows are worth that depend on each other, and that equal models are not promoted on them."""

import numpy as np
import pytest

from benchmarks.judging.draws import STREAMS, draw
from evergreen.judging.dependence import Units, worth
from functions.judge.comparison import Pair


def series(coefficient: float, rows: int, *, seed: int) -> np.ndarray:
    """A first-order autoregressive series of variance 1."""
    noise = np.random.default_rng(seed).standard_normal(rows) * np.sqrt(1 - coefficient**2)
    noise[0] /= np.sqrt(1 - coefficient**2)
    values = np.zeros(rows)
    for row, value in enumerate(noise):
        values[row] = coefficient * values[row - 1] * (row > 0) + value
    return values


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.9])
def test_rows_in_time_are_worth_what_theory_says(coefficient):
    rows = 4000
    found = [
        worth(series(coefficient, rows, seed=seed), Units(moments=np.arange(rows))).independent for seed in range(20)
    ]

    # Of an autoregressive series, the mean of n rows varies as that of n (1 - a) / (1 + a).
    theory = rows * (1 - coefficient) / (1 + coefficient)
    # Never more by a tenth; the largest of several estimates counts, so rather less.
    assert 0.6 * theory < np.mean(found) < 1.1 * theory


def test_rows_in_groups_are_worth_as_many_as_there_are_groups_if_these_are_alike():
    groups = np.repeat(np.arange(40), 25)
    alike = np.random.default_rng(0).standard_normal(40)[groups]

    found = worth(alike, Units(groups=groups))

    assert found.independent == pytest.approx(40, abs=2)
    assert found.degrees == pytest.approx(39, abs=2)
    assert found.text.startswith("1000 rows, worth about ")


def test_rows_in_groups_that_have_nothing_in_common_keep_their_worth():
    groups = np.repeat(np.arange(40), 25)

    found = worth(np.random.default_rng(0).standard_normal(1000), Units(groups=groups))

    assert found.independent > 700


def test_one_large_group_leaves_few_degrees_of_freedom():
    groups = np.concatenate([np.zeros(500, int), np.repeat(np.arange(1, 21), 25)])
    alike = np.random.default_rng(0).standard_normal(21)[groups]

    found = worth(alike, Units(groups=groups))

    assert found.degrees <= 2
    assert found.independent < 21


def test_time_and_groups_together_are_worth_less_than_either():
    months, cities = np.repeat(np.arange(60), 30), np.tile(np.arange(30), 60)
    generator = np.random.default_rng(0)
    both = generator.standard_normal(60)[months] + generator.standard_normal(30)[cities] + generator.normal(size=1800)

    in_time, in_groups, in_both = (
        worth(both, units).independent
        for units in (Units(moments=months), Units(groups=cities), Units(moments=months, groups=cities))
    )

    assert in_both < min(in_time, in_groups)


def test_the_order_of_rows_of_one_moment_does_not_matter():
    months = np.repeat(np.arange(24), 40)
    values = np.random.default_rng(0).standard_normal(24)[months] + np.random.default_rng(1).standard_normal(960)
    mixed = np.random.default_rng(2).permutation(960)

    assert worth(values[mixed], Units(moments=months[mixed])) == worth(values, Units(moments=months))


@pytest.mark.parametrize(
    ("units", "by"),
    [
        (Units(), ()),
        # A single group does not tell how groups differ, so it says nothing; the order still does.
        (Units(groups=np.zeros(500, int)), ()),
        (Units(groups=np.zeros(500, int), moments=np.arange(500)), ("time",)),
    ],
)
def test_what_is_not_known_counts_for_nothing(units, by):
    found = worth(series(0.9, 500, seed=0), units)

    assert found.by == by
    assert (found.independent == 500) is (by == ())


def test_rows_that_run_backwards_are_worth_the_same():
    values = series(0.9, 500, seed=0)

    forwards = worth(values, Units(moments=np.arange(500)))
    backwards = worth(values[::-1], Units(moments=np.arange(500)[::-1]))

    assert forwards == backwards


def test_a_few_moments_are_too_few_to_compare_and_rows_are_taken_in_their_order():
    years = np.repeat([0, 1, 2], 200)

    found = worth(np.random.default_rng(0).standard_normal(600), Units(moments=years))

    assert found.independent > 300
    # One for each 30 rows; three moments would have given three.
    assert found.degrees == 20


@pytest.mark.parametrize(("rows", "most"), [(40, 3), (100, 3), (300, 10), (3_000, 100)])
def test_a_short_series_does_not_show_how_long_its_memory_is(rows, most):
    found = worth(np.random.default_rng(0).standard_normal(rows), Units(moments=np.arange(rows)))

    assert found.degrees == most


@pytest.mark.parametrize("values", [np.zeros(50), np.full(50, 0.1), np.array([3.0])])
def test_rows_without_any_difference_are_worth_themselves(values):
    found = worth(values, Units(moments=np.arange(len(values)), groups=np.arange(len(values))))

    assert found.independent == found.rows


def promoted(metric: str, rows: int, stream: str, *, replays: int, margin: float = 0.0, known: bool = True) -> float:
    """The share of pairs of models whose second is promoted."""
    generator = np.random.default_rng(0)
    found = 0
    for _ in range(replays):
        two = draw(metric, rows, generator, margin=margin, stream=STREAMS[stream])
        units = two.units if known else Units()
        both = Pair(metric=metric, rows=[], candidate=two.candidate, champion=two.champion, where="", units=units)
        gain = both.compare(confidence=0.975)
        found += gain.enough and gain.gain.low > 0
    return found / replays


@pytest.mark.parametrize("stream", ["autoregressive 0.9", "autoregressive 0.97", "46 groups"])
def test_equal_models_are_not_promoted_on_rows_that_depend_on_each_other(stream):
    # As often as they were when such rows counted as independent.
    assert promoted("mape", 700, stream, replays=60, known=False) > 0.08
    assert promoted("mape", 700, stream, replays=60) <= 0.05


def test_equal_models_are_not_promoted_on_a_short_series_that_hides_its_memory():
    # 16% with as many degrees of freedom as the rows seem worth.
    assert promoted("log_loss", 100, "autoregressive 0.99", replays=200) <= 0.07


def test_a_much_better_model_is_promoted_on_independent_rows_of_which_that_is_not_known():
    assert promoted("mape", 2000, "independent", replays=20, margin=0.2) >= 0.95
