"""The contract: which rows pass, and what is said of those that do not."""

import math

import pytest

from evergreen.contract.contract import Contract, Feature
from evergreen.errors import BrokenBundle, InvalidRow

CONTRACT = Contract(
    task="regression",
    target="price",
    features=(
        Feature(name="city", type="category", missing_allowed=True, categories=("Austin", "Waco")),
        Feature(name="rooms", type="number", missing_allowed=False, minimum=1, maximum=9),
        Feature(name="area", type="number", missing_allowed=True, minimum=20, maximum=300),
    ),
)
GOOD = {"city": "Austin", "rooms": 3, "area": 120.5}


def errors_of(row) -> dict[str, tuple[str, str]]:
    with pytest.raises(InvalidRow) as caught:
        CONTRACT.parse(row)
    return {error.field: (error.got, error.expected) for error in caught.value.errors}


def test_a_row_is_put_into_the_contracts_order():
    assert CONTRACT.parse({"area": 120.5, "rooms": 3, "city": "Austin"}) == ["Austin", 3.0, 120.5]


def test_null_is_a_missing_value_where_training_had_some():
    city, rooms, area = CONTRACT.parse({"city": None, "rooms": 3, "area": None})

    assert city is None
    assert rooms == 3.0
    assert isinstance(area, float)
    assert math.isnan(area)


def test_null_is_refused_where_training_had_none():
    got, expected = errors_of({**GOOD, "rooms": None})["features.rooms"]

    assert got == "null"
    assert "no training row lacked it" in expected


@pytest.mark.parametrize("value", ["3", True, [3], {}, float("nan"), float("inf"), 10**400])
def test_what_is_not_a_finite_number_is_refused(value):
    assert errors_of({**GOOD, "rooms": value})["features.rooms"][1] == "a finite number"


@pytest.mark.parametrize("value", [3, True, ["Austin"]])
def test_what_is_not_text_is_refused_as_a_category(value):
    assert errors_of({**GOOD, "city": value})["features.city"][1] == "text or null"


def test_every_wrong_field_is_named_at_once():
    found = errors_of({"town": "Austin", "rooms": "three"})

    assert found.keys() == {"features.town", "features.city", "features.rooms", "features.area"}
    assert found["features.rooms"][0] == '"three"'
    assert found["features.area"] == ("nothing", "a finite number or null")


def test_a_renamed_field_is_told_its_own_name():
    renamed = {"cty": "Austin", "rooms": 3, "area": None}

    assert errors_of(renamed)["features.cty"] == ("an unknown field", "the feature 'city' under its own name")


def test_a_field_too_many_is_refused():
    assert errors_of({**GOOD, "colour": "red"}) == {"features.colour": ("an unknown field", "no such field")}


@pytest.mark.parametrize("row", [None, [], "city", 3])
def test_a_row_that_is_no_object_is_refused(row):
    assert errors_of(row)["features"][1] == "an object of feature name to value"


def test_a_long_value_is_cut_in_the_message():
    got, _ = errors_of({**GOOD, "rooms": "x" * 5000})["features.rooms"]

    assert len(got) == 60


def test_values_that_training_never_saw_are_warned_of_but_accepted():
    row = CONTRACT.parse({"city": "Paris", "rooms": 12, "area": 120.5})

    assert CONTRACT.warnings(row) == [
        "city: 'Paris' was not seen in training",
        "rooms: 12 lies outside the training range 1 to 9",
    ]
    assert CONTRACT.warnings(CONTRACT.parse({"city": None, "rooms": 9, "area": None})) == []


def test_json_gives_the_contract_back():
    assert Contract.from_json(CONTRACT.to_json()) == CONTRACT


@pytest.mark.parametrize("document", [b"", b"[]", b'{"features": [{"name": "a"}], "task": "", "target": ""}'])
def test_a_broken_document_is_refused(document):
    with pytest.raises(BrokenBundle):
        Contract.from_json(document)
