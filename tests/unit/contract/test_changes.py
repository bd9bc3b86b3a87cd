"""What is said of two contracts that differ."""

from dataclasses import replace
from typing import Any

import pytest

from evergreen.contract.changes import compare
from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature

ROOMS = Feature(name="rooms", type=NUMBER, missing_allowed=False, minimum=1.0, maximum=6.0, example=3.0)
CITY = Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("Austin", "Waco"), example="Waco")
HOUSES = Contract(task="regression", target="price", features=(ROOMS, CITY))
PETS = Contract(task="classification", target="pet", features=(ROOMS,), classes=("cat", "dog"))


def houses(*features: Feature, **changes: Any) -> Contract:
    return replace(HOUSES, features=features or HOUSES.features, **changes)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (houses(ROOMS), ["'city' is gone", "refused"]),
        (houses(ROOMS, CITY, replace(ROOMS, name="size")), ["'size' is new", "refused"]),
        (houses(replace(CITY, name="rooms"), CITY), ["rooms was a number and is now a category"]),
        (houses(ROOMS, replace(CITY, missing_allowed=False)), ["city could be null and no longer can"]),
        (houses(longest_text=100), ["a text could have 1000 characters and may now have 100"]),
        (houses(target="rent"), ["the target was 'price' and is now 'rent'"]),
        (houses(task="classification", classes=("high", "low")), ["the task was regression and is now classification"]),
    ],
)
def test_what_a_caller_would_notice_is_one_change_that_breaks_callers(after, words):
    [change] = compare(HOUSES, after)

    assert change.breaks_callers
    for word in words:
        assert word in change.text


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (houses(replace(ROOMS, missing_allowed=True), CITY), "rooms may now be null: rows of the table lacked it"),
        (houses(replace(ROOMS, maximum=9.0), CITY), "rooms ranged from 1 to 6 in training and now ranges from 1 to 9"),
        (houses(ROOMS, replace(CITY, categories=("Austin", "Dallas", "Waco"))), "city gains the category 'Dallas'"),
        (houses(ROOMS, replace(CITY, categories=("Waco",))), "city loses the category 'Austin'"),
    ],
)
def test_what_the_endpoint_still_answers_breaks_nobody(after, text):
    [change] = compare(HOUSES, after)

    assert change.text == text
    assert not change.breaks_callers


def test_a_table_without_a_value_in_common_breaks_callers_though_its_columns_are_the_same():
    far, elsewhere = replace(ROOMS, minimum=100.0, maximum=200.0), replace(CITY, categories=("Lyon", "Nice"))

    first = compare(HOUSES, houses(far, elsewhere))[0]

    assert first.breaks_callers
    assert first.text == "2 features of both have not one value in common with before: the table is another one"
    for related in (houses(far, CITY), houses(ROOMS, elsewhere)):
        assert not any(change.breaks_callers for change in compare(HOUSES, related))


def test_a_class_that_comes_or_goes_is_named_and_breaks_callers():
    changes = compare(PETS, replace(PETS, classes=("cat", "fox")))

    assert [change.text for change in changes] == [
        "the target gains the class 'fox'",
        "the target loses the class 'dog'",
    ]
    assert all(change.breaks_callers for change in changes)


@pytest.mark.parametrize(
    "after", [HOUSES, houses(CITY, ROOMS), houses(replace(ROOMS, example=5.0), CITY)], ids=["same", "order", "example"]
)
def test_neither_the_order_of_features_nor_an_example_is_a_change(after):
    assert compare(HOUSES, after) == []


def test_what_breaks_callers_comes_first():
    changes = compare(HOUSES, houses(replace(ROOMS, maximum=9.0), replace(CITY, missing_allowed=False)))

    assert [change.breaks_callers for change in changes] == [True, False]


def test_many_new_categories_are_counted_not_listed():
    categories = tuple(f"town {number}" for number in range(9))

    [gained, lost] = compare(HOUSES, houses(ROOMS, replace(CITY, categories=categories)))

    assert gained.text.endswith("'town 4' and 4 more")
    assert lost.text == "city loses the categories 'Austin', 'Waco'"
