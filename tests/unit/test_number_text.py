"""Numbers in words: short, and never saying more or less than is so."""

import math

import pytest

from evergreen.number_text import apart, counted, number, percent, points, share


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.071234, "0.07123"),
        (2006.0, "2006"),
        (12345.6, "12,346"),
        (1234567, "1,234,567"),
        (-98765.4, "-98,765"),
        (0.00001234, "1.234e-05"),
        (1e300, "1.000e+300"),
        (math.nan, "not a number"),
        (math.inf, "inf"),
    ],
)
def test_a_number_has_four_digits_and_no_more_than_it_needs(value, words):
    assert number(value) == words


def test_a_few_of_many_are_not_rounded_to_none_nor_nearly_all_to_all():
    assert share(1, 1_000_000) == "< 0.1%"
    assert share(999_999, 1_000_000) == "> 99.9%"
    assert (share(0, 10), share(10, 10), share(1, 8), share(0, 0)) == ("0%", "100%", "12.5%", "0%")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.075189, "7.52%"),
        (0, "0%"),
        (1, "100%"),
        (0.99951, "100%"),
        (12.5, "1250%"),
        (1234.5, "123,450%"),
        (0.00004, "0.004%"),
    ],
)
def test_a_share_is_written_in_percent(value, words):
    assert percent(value) == words


def test_shares_differ_by_percentage_points():
    assert (points(0.0468), points(-0.0021), points(0.01)) == ("4.68 points", "-0.21 points", "1 point")


def test_numbers_side_by_side_are_told_apart():
    assert apart(2007, 2000, 2005) == ("2007", "2000", "2005")
    assert apart(1000.2, 0.0, 1000.1) == ("1000.2", "0.0", "1000.1")
    assert apart(5.0, 5.0) == ("5", "5")


def test_one_row_is_not_rows():
    assert (counted(1, "row"), counted(0, "row"), counted(12_000, "row")) == ("1 row", "0 rows", "12,000 rows")
