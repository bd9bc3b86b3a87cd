"""The contract: which rows pass, and what is said of those that do not."""

import dataclasses
import json
import math

import pytest

from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature, Unusual
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

    assert CONTRACT.unusual(row) == [
        Unusual("city", "unseen", "city: 'Paris' was not seen in training"),
        Unusual("rooms", "outside", "rooms: 12 lies outside the training range 1 to 9"),
    ]
    assert CONTRACT.unusual(CONTRACT.parse({"city": None, "rooms": 9, "area": None})) == []


def test_a_long_unseen_text_is_cut_in_the_warning():
    (unusual,) = CONTRACT.unusual(CONTRACT.parse({**GOOD, "city": "x" * 1000}))

    assert len(unusual.text) < 100


def test_a_text_that_is_longer_than_any_that_training_knew_and_than_a_thousand_characters_is_refused():
    assert CONTRACT.parse({**GOOD, "city": "x" * 1000})
    got, expected = errors_of({**GOOD, "city": "x" * 1001})["features.city"]
    assert len(got) == 60
    assert expected == "text or null, a text of at most 1000 characters"

    essays = Contract(
        task="regression",
        target="price",
        features=(Feature(name="text", type="category", missing_allowed=False, categories=("x" * 2000,)),),
    )
    assert essays.parse({"text": "y" * 2000})
    with pytest.raises(InvalidRow, match="at most 2000 characters"):
        essays.parse({"text": "y" * 2001})


def test_the_longest_text_is_a_setting_that_travels_in_the_contract():
    short = Contract.from_json(dataclasses.replace(CONTRACT, longest_text=5).to_json())

    assert short.parse({**GOOD, "city": "x" * 5})
    with pytest.raises(InvalidRow, match="a text of at most 6 characters"):
        short.parse({**GOOD, "city": "x" * 7})
    before = json.loads(CONTRACT.to_json())
    del before["longest_text"]
    assert Contract.from_json(json.dumps(before).encode()) == CONTRACT


def test_of_many_wrong_fields_a_hundred_are_named_and_the_rest_counted():
    with pytest.raises(InvalidRow) as caught:
        CONTRACT.parse({f"unknown {number}": number for number in range(20_000)})

    assert len(caught.value.errors) == 100
    # The three features are absent.
    assert caught.value.more == 20_003 - 100
    assert str(caught.value).count("expected") == 3
    assert str(caught.value).endswith("; and 20000 more")


def test_json_gives_the_contract_back():
    assert Contract.from_json(CONTRACT.to_json()) == CONTRACT


@pytest.mark.parametrize("document", [b"", b"[]", b'{"features": [{"name": "a"}], "task": "", "target": ""}'])
def test_a_broken_document_is_refused(document):
    with pytest.raises(BrokenBundle):
        Contract.from_json(document)
