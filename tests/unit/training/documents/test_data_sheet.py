"""The data sheet: the sections of Gebru et al. 2021, made from what Prepare saw."""

import re

import numpy as np
import pandas as pd
import pytest

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.settings.sections import SheetSettings
from evergreen.versions.bundle import SHEET_HTML, SHEET_MARKDOWN
from tests.unit.training.documents import evidence
from training.documents.data_sheet import write_sheet
from training.documents.profile import number_histogram, profile_feature

SECTIONS = [
    "Motivation",
    "Composition",
    "Collection process",
    "Preprocessing, cleaning, labeling",
    "Uses",
    "Distribution",
    "Maintenance",
]
TRAIN = pd.DataFrame(
    {
        "city": ["Austin", "Austin", "Waco", "Austin"],
        "rooms": [1.0, np.nan, 9.0, 4.0],
        "price": [100.0, 200.0, 300.0, 400.0],
    }
)
HOLDOUT = pd.DataFrame({"city": ["Austin", "Dallas"], "rooms": [12.0, 3.0], "price": [500.0, 600.0]})
CITY = Feature(name="city", type=CATEGORY, missing_allowed=False, categories=("Austin", "Waco"))
ROOMS = Feature(name="rooms", type=NUMBER, missing_allowed=True, minimum=1.0, maximum=9.0)


@pytest.fixture
def write(tmp_path):
    """Writes the sheet of four and two rows with what is given changed; returns both forms."""

    def _write(*, train=TRAIN, holdout=HOLDOUT, contract=None, settings=None, summary=None):
        parts = evidence.prepared(train, holdout, contract or evidence.contract())
        write_sheet(
            tmp_path,
            prepared=parts,
            settings=settings or evidence.settings(),
            summary=summary or evidence.summary(),
        )
        return (tmp_path / SHEET_HTML).read_text(), (tmp_path / SHEET_MARKDOWN).read_text()

    return _write


def test_both_forms_have_the_sections_of_the_paper_in_its_order(write):
    html, markdown = write()

    assert re.findall(r"<h2>(.+)</h2>", html) == SECTIONS
    assert re.findall(r"^## (.+)$", markdown, re.MULTILINE) == SECTIONS


def test_each_feature_is_described_by_its_training_rows_and_held_against_the_holdout(write):
    _, markdown = write()

    assert "| city | category | █▃ | Austin 3, Waco 1 | 0% | 0% | 1 row unseen in training |" in markdown
    assert "| rooms | number | ███ | 1 to 9, median 4 | 25.0% | 0% | 1 row outside |" in markdown


def test_a_number_to_predict_is_described_in_both_parts(write):
    _, markdown = write()

    assert "| training | 4 | 250 | 250 | 100 | 400 |" in markdown
    assert "| holdout | 2 | 550 | 550 | 500 | 600 |" in markdown


def test_classes_are_counted_in_both_parts(write):
    train, holdout = (part.assign(price=["a", "b", "a", "a"][: len(part)]) for part in (TRAIN, HOLDOUT))
    settings = evidence.settings(task=CLASSIFICATION, metric="accuracy")
    _, markdown = write(train=train, holdout=holdout, contract=evidence.contract(classes=("a", "b")), settings=settings)

    assert "| a | 3 | 75.0% | 1 | 50.0% |" in markdown
    assert "| b | 1 | 25.0% | 1 | 50.0% |" in markdown


def test_version_files_and_what_was_dropped_are_told(write):
    html, markdown = write()

    for text in (html, markdown):
        assert "0f5e3a1b9c8d7e6f5a4b3c2d1e0f9a8b" in text
        assert "without target: 7 rows" in text
        assert "duplicates" not in text
    assert "| houses.csv | 183,221 |" in markdown


def test_findings_and_changes_of_the_contract_are_told(write):
    summary = evidence.summary(findings=["rooms is constant"], changes=["city takes 2 values more"])
    _, markdown = write(summary=summary)

    assert "- rooms is constant" in markdown
    assert "- city takes 2 values more" in markdown
    assert "found none" in write()[1]


def test_what_nobody_has_said_is_counted_and_named(write):
    html, _ = write(settings=evidence.settings(sheet=SheetSettings(motivation="For market reports.")))

    assert "5 of 6 statements are missing" in html
    assert "For market reports." in html
    assert "Not stated. Set maintenance in [sheet] of model.toml." in html


def test_the_same_evidence_gives_the_same_bytes(write):
    assert write() == write()


def test_a_table_of_thousands_of_columns_has_a_sheet_that_can_be_read(write):
    names = [f"column {number}" for number in range(3000)]
    table = pd.DataFrame(1.0, index=[0, 1], columns=[*names, "price"])
    features = tuple(Feature(name=name, type=NUMBER, missing_allowed=False, minimum=1.0, maximum=2.0) for name in names)
    html, _ = write(train=table, holdout=table, contract=Contract(task=REGRESSION, target="price", features=features))

    assert "The first 200 of 3000; contract.json has all." in html
    assert len(html) < 200_000


def test_missing_categories_are_none_and_no_category():
    train = pd.Series(["Austin", None, "Waco", "Austin"], dtype=object)
    profile = profile_feature(CITY, train, pd.Series([None, "Waco"], dtype=object))

    assert (profile.missing_train, profile.missing_holdout) == ("25.0%", "50.0%")
    assert profile.values == "Austin 2, Waco 1"
    assert profile.unlike == ""


def test_equal_categories_stand_in_the_order_of_their_names_whatever_that_of_the_rows():
    one = profile_feature(CITY, pd.Series(["b", "a", "c", "d"]), pd.Series(["a"]))
    other = profile_feature(CITY, pd.Series(["d", "c", "b", "a"]), pd.Series(["a"]))

    assert one == other
    assert one.values == "4 categories: a 1, b 1, c 1 …"


@pytest.mark.parametrize(
    ("values", "heights"),
    [
        ([5.0, 5.0, 5.0], (3.0,)),
        ([1.0, 2.0, 2.0, 3.0], (1.0, 2.0, 1.0)),
        ([-1.7e308, 1.7e308], (1.0, 1.0)),
        ([], ()),
    ],
)
def test_a_histogram_holds_whatever_the_range(values, heights):
    assert number_histogram(pd.Series(values, dtype="float64"), name="rooms").heights == heights


def test_many_different_numbers_are_drawn_as_twelve_bars_that_count_every_row():
    heights = number_histogram(pd.Series(np.arange(1000.0)), name="rooms").heights

    assert len(heights) == 12
    assert sum(heights) == 1000


def test_a_column_without_a_value_has_a_profile():
    empty = pd.Series([np.nan, np.nan])
    profile = profile_feature(ROOMS, empty, empty)

    assert (profile.values, profile.missing_train, profile.unlike) == ("no values", "100%", "")
