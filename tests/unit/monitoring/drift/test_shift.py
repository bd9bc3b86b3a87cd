"""Two-sample tests: how far samples lie apart, and how often chance alone makes them look so."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

from evergreen.monitoring.drift.shift import shift_of_categories, shift_of_numbers, shift_of_share

NULL_SIMULATIONS = 300
# Of 300 tests at 1%, chance lets more than 7 fail in a hundredth of the cases: 2.5%.
TOLERATED = 7

samples = st.lists(st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float), min_size=1, max_size=40)
tables = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 60), min_size=1)


def step_distance(one: list[float], other: list[float]) -> Fraction:
    """The largest distance of the two step functions, by their definition."""
    return max(
        abs(Fraction(sum(x <= place for x in one), len(one)) - Fraction(sum(x <= place for x in other), len(other)))
        for place in (*one, *other)
    )


def total_variation(one: dict[str, int], other: dict[str, int]) -> Fraction:
    sizes = sum(one.values()), sum(other.values())
    return (
        sum(
            abs(Fraction(one.get(name, 0), sizes[0]) - Fraction(other.get(name, 0), sizes[1]))
            for name in {*one, *other}
        )
        / 2
    )


def counted(values: np.ndarray) -> dict[str, int]:
    return {str(name): int(count) for name, count in zip(*np.unique(values, return_counts=True), strict=True)}


@given(one=samples, other=samples)
def test_the_distance_of_numbers_is_that_of_their_step_functions_from_either_side(one, other):
    there = shift_of_numbers(np.array(one), np.array(other))
    back = shift_of_numbers(np.array(other), np.array(one))

    assert there.distance == pytest.approx(float(step_distance(one, other)), abs=1e-12)
    assert (back.distance, back.p_value(1.0)) == pytest.approx((there.distance, there.p_value(1.0)), abs=1e-12)
    assert 0 <= there.p_value(1.0) <= 1


@given(one=tables, other=tables)
def test_the_distance_of_categories_is_their_total_variation_from_either_side(one, other):
    there, back = shift_of_categories(one, other), shift_of_categories(other, one)

    assert there.distance == pytest.approx(float(total_variation(one, other)), abs=1e-12)
    assert (back.distance, back.p_value(1.0)) == pytest.approx((there.distance, there.p_value(1.0)), abs=1e-9)
    assert 0 <= there.p_value(1.0) <= 1


@given(sample=samples)
def test_numbers_do_not_differ_from_themselves(sample):
    shift = shift_of_numbers(np.array(sample), np.array(sample))

    assert (shift.distance, shift.p_value(1.0)) == (0, 1)


@given(sample=tables)
def test_categories_do_not_differ_from_themselves(sample):
    shift = shift_of_categories(sample, dict(reversed(sample.items())))

    assert shift.distance == 0
    assert shift.p_value(1.0) == pytest.approx(1)


@pytest.mark.parametrize("moved", [0, 0.1, 0.3])
def test_the_p_value_of_numbers_is_that_of_the_two_sample_test(moved):
    generator = np.random.default_rng(3)
    reference, current = generator.normal(size=400), generator.normal(moved, size=150)

    found = shift_of_numbers(reference, current).p_value(1.0)

    assert found == pytest.approx(ks_2samp(reference, current, method="asymp").pvalue, rel=1e-12)
    # Which is what counting all orders of the rows gives, but for a few percent.
    assert found == pytest.approx(ks_2samp(reference, current, method="exact").pvalue, rel=0.05)


def test_the_p_value_of_common_categories_is_that_of_the_chi_square_test():
    shift = shift_of_categories({"a": 50, "b": 30, "c": 20}, {"a": 20, "b": 30, "c": 50})

    assert shift.p_value(1.0) == pytest.approx(chi2_contingency([[50, 30, 20], [20, 30, 50]]).pvalue)
    assert shift.distance == pytest.approx(0.3)


def test_two_categories_take_fishers_exact_test():
    """The lady tasting tea: 34 of the 70 orders of eight cups are no likelier than three hits of four."""
    assert shift_of_categories({"milk": 3, "tea": 1}, {"milk": 1, "tea": 3}).p_value(1.0) == pytest.approx(34 / 70)
    assert shift_of_share("wrong", (3, 1), (1, 3)).p_value(1.0) == pytest.approx(34 / 70)


def test_rare_categories_are_tested_together():
    # Of samples of 112 each the eight have an expected count of 1.5: four of them make 6.
    rare = [f"rare {number}" for number in range(8)]
    one = {"a": 50, "b": 50} | dict.fromkeys(rare[:4], 3)
    other = {"a": 50, "b": 50} | dict.fromkeys(rare[4:], 3)

    table = [[50, 50, 12, 0], [50, 50, 0, 12]]
    assert shift_of_categories(one, other).p_value(1.0) == pytest.approx(chi2_contingency(table).pvalue)


def test_a_group_of_rare_categories_that_is_still_rare_joins_the_next_smallest():
    one, other = {"a": 50, "b": 60, "c": 70, "rare": 1}, {"a": 20, "b": 60, "c": 70, "other": 2}

    table = [[51, 60, 70], [22, 60, 70]]
    assert shift_of_categories(one, other).p_value(1.0) == pytest.approx(chi2_contingency(table).pvalue)


def test_what_is_left_of_rare_categories_alone_joins_the_last_group():
    # All have an expected count of 3: two pairs make 6 each, and the fifth joins one of them.
    one, other = {"a": 6, "b": 6, "e": 3}, {"c": 6, "d": 6, "e": 3}

    assert shift_of_categories(one, other).p_value(1.0) == pytest.approx(fisher_exact([[12, 3], [0, 15]]).pvalue)


def test_one_common_category_is_tested_against_all_rare_ones():
    one, other = {"a": 90, "b": 1, "c": 0}, {"a": 90, "b": 1, "c": 4}

    assert shift_of_categories(one, other).p_value(1.0) == pytest.approx(fisher_exact([[90, 1], [90, 5]]).pvalue)


def test_a_category_that_neither_sample_has_changes_nothing():
    one, other = {"a": 50, "b": 30, "c": 20}, {"a": 20, "b": 30, "c": 50}

    with_unused = shift_of_categories(one | {"z": 0}, other | {"z": 0})

    without = shift_of_categories(one, other)
    assert (with_unused.distance, with_unused.words) == (without.distance, without.words)
    assert with_unused.p_value(1.0) == without.p_value(1.0)


def test_a_table_of_singletons_can_be_tested():
    ours, theirs = ({f"{side}{number}": 1 for number in range(500)} for side in "ab")

    mixed = shift_of_categories({**ours, "common": 500}, {**theirs, "common": 500})
    assert 0 <= mixed.p_value(1.0) <= 1
    assert mixed.distance == pytest.approx(0.5)
    assert shift_of_categories({"a": 1}, {"b": 1}).p_value(1.0) == 1


def test_a_shift_among_many_categories_is_found_although_every_one_of_them_is_rare():
    generator = np.random.default_rng(5)
    reference = counted(generator.integers(0, 100, 800))
    current = counted(generator.integers(0, 50, 200))

    assert shift_of_categories(reference, current).p_value(1.0) < 1e-6


def null_numbers(generator: np.random.Generator, rows: int) -> float:
    return shift_of_numbers(generator.lognormal(size=500), generator.lognormal(size=rows)).p_value(1.0)


def null_few_numbers(generator: np.random.Generator, rows: int) -> float:
    """Whole numbers, of which many are the same."""
    return shift_of_numbers(generator.poisson(2, 500).astype(float), generator.poisson(2, rows).astype(float)).p_value(
        1.0
    )


def null_categories(generator: np.random.Generator, rows: int) -> float:
    return shift_of_categories(*(counted(generator.integers(0, 6, size)) for size in (500, rows))).p_value(1.0)


def null_many_categories(generator: np.random.Generator, rows: int) -> float:
    return shift_of_categories(*(counted(generator.zipf(1.5, size)) for size in (500, rows))).p_value(1.0)


def null_share(generator: np.random.Generator, rows: int) -> float:
    hits = [(int(generator.binomial(size, 0.05)), size) for size in (500, rows)]
    return shift_of_share("missing", *((hit, size - hit) for hit, size in hits)).p_value(1.0)


@pytest.mark.parametrize("rows", [50, 1000])
@pytest.mark.parametrize("null", [null_numbers, null_few_numbers, null_categories, null_many_categories, null_share])
def test_a_test_at_one_percent_is_wrong_in_one_percent_of_the_cases(null, rows):
    generator = np.random.default_rng(rows)

    wrong = sum(null(generator, rows) < 0.01 for _ in range(NULL_SIMULATIONS))

    assert wrong <= TOLERATED


def test_a_true_shift_is_found():
    generator = np.random.default_rng(1)

    def p_values():
        normal = generator.normal(size=500)
        yield shift_of_numbers(normal, generator.normal(0.5, size=200)).p_value(1.0)
        few, more = ({"a": 500 - hits, "b": hits} for hits in (50, 125))
        yield shift_of_categories(few, {name: count * 200 // 500 for name, count in more.items()}).p_value(1.0)
        yield shift_of_share("missing", (5, 495), (20, 180)).p_value(1.0)

    assert max(p_values()) < 0.001


def test_the_words_of_numbers_say_where_the_samples_part_and_how_the_median_moved():
    reference, current = np.arange(1.0, 11), np.array([1.0, 2, 3, 11, 12, 13, 14, 15, 16, 17])

    shift = shift_of_numbers(reference, current)

    # All ten of the reference are at most 10, three of the current ones.
    assert shift.distance == pytest.approx(0.7)
    assert shift.words == "30% of the rows are at most 10, 100% in the reference; median 5.5 → 12.5"


def test_the_words_of_categories_name_the_one_whose_share_moved_most():
    shift = shift_of_categories({"Austin": 60, "Dallas": 40}, {"Austin": 30, "Dallas": 45, "Waco": 25})

    assert shift.words == "'Austin' is 30% of the rows, 60% in the reference"


def test_the_words_of_categories_quote_none_that_may_tell_of_one_person():
    names = [f"person {number}" for number in range(20)]
    shift = shift_of_categories(dict.fromkeys(names, 5), {names[3]: 4, **dict.fromkeys(names[:3], 3)})

    assert shift.words == "a category of fewer than 10 rows is 31% of the rows, 5% in the reference"
    assert "'person 0' is" in shift_of_categories(dict.fromkeys(names, 5), dict.fromkeys(names[:3], 5)).words


def test_the_words_of_a_share_give_both_shares():
    shift = shift_of_share("missing", (10, 90), (40, 60))

    assert shift.distance == pytest.approx(0.3)
    assert shift.words == "40% of the rows are missing, 10% in the reference"


@given(samples, samples)
def test_the_distance_of_numbers_is_scipys(one, other):
    theirs = ks_2samp(one, other, method="asymp").statistic

    # Releases of SciPy round it differently.
    assert shift_of_numbers(np.array(one), np.array(other)).distance == pytest.approx(theirs, rel=1e-12)
