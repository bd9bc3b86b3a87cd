"""What Prepare warns of: each finding where it is due, and none where it is not."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from evergreen.settings.sections import PreprocessingSettings
from tests.unit.training.prepare.houses import SETTINGS, prepared

CLASSES = dataclasses.replace(SETTINGS, task="classification", metric="accuracy")


def plain(rows: int = 1000) -> pd.DataFrame:
    """Houses with nothing to find: the price follows size and city, with noise."""
    random = np.random.default_rng(0)
    size = random.normal(100, 30, rows).round(1)
    city = random.choice(["Austin", "Waco", "Zürich"], rows)
    price = size * np.where(city == "Waco", 10, 20) + random.normal(0, 100, rows)
    return pd.DataFrame({"id": 0, "day": range(rows), "city": city, "size": size, "price": price.round(2)})


def findings(frame: pd.DataFrame, folder, settings=SETTINGS) -> list[str]:
    return list(prepared(frame, folder, settings).findings)


def classified(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(price=np.where(frame.price > 1800, "dear", "cheap"))


def test_nothing_is_found_in_a_plain_table(tmp_path):
    assert findings(plain(), tmp_path) == []
    assert findings(classified(plain()), tmp_path, CLASSES) == []


def test_whole_numbers_that_differ_in_nearly_every_row_are_an_identifier(tmp_path):
    numbers = np.random.default_rng(1).permutation(1000)
    [finding] = findings(plain().assign(number=numbers), tmp_path)

    assert finding.startswith("the column 'number' has a different value in nearly every row, like an identifier")
    assert "leave_out" in finding


def test_texts_that_differ_in_every_row_are_an_identifier(tmp_path):
    frame = plain(200).assign(name=[f"house {number}" for number in range(200)])

    assert any("'name' has a different value in nearly every row" in each for each in findings(frame, tmp_path))


def test_a_column_of_one_value_is_named(tmp_path):
    [finding] = findings(plain().assign(state="TX", country=1), tmp_path)

    assert finding.startswith("the columns 'state', 'country' each have one value in all training rows")


def test_one_value_beside_missing_cells_is_no_constant(tmp_path):
    assert findings(plain().assign(pool=["yes", None] * 500), tmp_path) == []


@pytest.mark.parametrize("copy", [lambda price: price * 1.08, lambda price: -np.sqrt(price + 1e4), lambda price: price])
def test_a_number_that_rises_or_falls_with_the_target_is_a_copy(tmp_path, copy):
    frame = plain()
    [finding] = findings(frame.assign(tax=copy(frame.price)), tmp_path)

    assert finding.startswith("the column 'tax' has the same information as the target")


def test_a_copy_with_gaps_is_still_one(tmp_path):
    frame = plain()
    tax = frame.price.where(frame.index % 10 > 0)

    assert "'tax'" in findings(frame.assign(tax=tax), tmp_path)[0]


@pytest.mark.parametrize(
    "column",
    [
        lambda frame: frame.price.map({"dear": "A", "cheap": "B"}),
        lambda frame: frame.price.map({"dear": 1, "cheap": 0}),
        lambda frame: np.where(frame.price == "dear", 100, 0) + np.arange(len(frame)) % 7 + 0.5,
        lambda frame: np.where(frame.price == "dear", 100, 0) + np.random.default_rng(2).random(len(frame)),
    ],
    ids=["text", "number", "values", "ranges"],
)
def test_a_feature_that_determines_the_class_is_a_copy(tmp_path, column):
    frame = classified(plain())
    [finding] = findings(frame.assign(rating=column(frame)), tmp_path, CLASSES)

    assert finding.startswith("the column 'rating' has the same information as the target")


def test_a_category_that_determines_a_number_is_a_copy(tmp_path):
    bands = plain().assign(price=lambda frame: (frame.price // 500).clip(1, 4) * 500)

    assert "'band'" in findings(bands.assign(band=bands.price.map(lambda price: f"band {price}")), tmp_path)[0]


def test_one_row_that_happens_to_stand_alone_is_no_copy(tmp_path):
    rare = plain().assign(price=["sold" if number == 5 else "open" for number in range(1000)])
    rare.loc[995, "price"] = "sold"
    alone = [-1.0 if number == 5 else number % 90 + 0.5 for number in range(1000)]
    found = findings(rare.assign(number=alone, largest=[*[7.5] * 5, 99.0, *np.linspace(8, 98, 994)]), tmp_path, CLASSES)

    assert not any("the same information as the target" in finding for finding in found)


def test_a_good_feature_is_no_copy(tmp_path):
    frame = plain()

    assert findings(frame.assign(guess=frame.price + np.random.default_rng(3).normal(0, 60, 1000)), tmp_path) == []


def test_a_category_of_one_row_is_named_unless_rare_ones_are_taken_together(tmp_path):
    frame = plain()
    frame.loc[10, "city"] = "Paris"
    together = dataclasses.replace(SETTINGS, preprocessing=PreprocessingSettings(min_frequency=5))

    assert findings(frame, tmp_path)[0].startswith("the column 'city' has 'Paris' in one training row only")
    assert findings(frame, tmp_path, together) == []


def test_a_class_too_rare_to_be_learned_or_judged_is_named_with_its_rows(tmp_path):
    frame = classified(plain())
    frame.loc[[5, 6, 7], "price"] = "castle"
    [finding] = findings(frame, tmp_path, CLASSES)

    assert "classes too rare to be learned and judged: 'castle' (3 training rows, 0 holdout rows)" in finding


def test_many_columns_make_one_sentence(tmp_path):
    [finding] = findings(plain().assign(**{f"c{number}": 1 for number in range(50)}), tmp_path)

    assert "'c4' and 45 more each have one value" in finding
