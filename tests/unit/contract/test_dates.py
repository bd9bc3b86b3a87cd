"""Dates as requests have them."""

import math

import pytest

from evergreen.contract import dates
from evergreen.contract.changes import compare
from evergreen.contract.contract import Contract
from evergreen.contract.date_form import DAY, TIME, ZONED
from evergreen.contract.feature import DATE, Feature
from evergreen.errors import InvalidRow


def contract(form: str, *, missing_allowed: bool = False) -> Contract:
    sold = Feature(name="sold", type=DATE, form=form, missing_allowed=missing_allowed, minimum=0.0, maximum=86_400.0)
    return Contract(task="regression", target="price", features=(sold,), missing=("", "NA"))


@pytest.mark.parametrize(
    ("text", "seconds", "zoned"),
    [
        ("1970-01-02", 86_400, False),
        ("1970-02", 31 * 86_400, False),
        ("1969-12-31", -86_400, False),
        ("1970-01-01T00:01", 60, False),
        ("1970-01-01 00:00:01.5", 1.5, False),
        ("1970-01-01T00:00:00.1239999", 0.123, False),
        ("1970-01-01T00:00Z", 0, True),
        ("1970-01-01T02:00:00+02:00", 0, True),
        ("1969-12-31 19:00:00-0500", 0, True),
        ("9999-12-31T23:59:59.9999", 253_402_300_799.999, False),
    ],
)
def test_a_date_of_iso_8601_is_a_moment(text, seconds, zoned):
    assert dates.moment(text) == (seconds, zoned)


@pytest.mark.parametrize(
    "text",
    [
        *("2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "0000-01-01", "31/12/2020", "20240131", "2024-W05-1"),
        *("2024-01-31T24:00", "2016-12-31T23:59:60Z", "2024-01-31T10", "2024-01T10:00", "2024-01-31T10:00+25:00"),
        *(
            "0001-01-01T00:00+01:00",
            "9999-12-31T23:00-02:00",
            "2024-1-5",
            "\u0662024-01-31",
            "today",
            "",
            "12024-01-31",
        ),
    ],
)
def test_what_is_no_date_of_iso_8601_is_refused(text):
    with pytest.raises(ValueError, match="."):
        dates.moment(text)


@pytest.mark.parametrize("form", [DAY, TIME, ZONED])
@pytest.mark.parametrize("text", ["0001-01-01", "1969-07-20", "2024-02-29", "9999-12-31"])
def test_a_moment_written_and_read_again_is_the_same(form, text):
    seconds = dates.moment(text)[0] + (0 if form == DAY else 3723.067)

    assert dates.moment(dates.text(seconds, form)) == (pytest.approx(seconds, abs=1e-4), form == ZONED)


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (DAY, "2024-05-31Z", "a date without a time zone, such as 2024-05-31"),
        (DAY, "2024-02-30", "a date without a time zone, such as 2024-05-31"),
        (DAY, 20240531, "a date without a time zone, such as 2024-05-31"),
        (DAY, True, "a date without a time zone, such as 2024-05-31"),
        (DAY, None, "a date without a time zone, such as 2024-05-31, since no training row lacked it"),
        (DAY, "NA", "a date without a time zone, such as 2024-05-31, since no training row lacked it"),
        (TIME, "2024-05-31T12:00Z", "a date and time of ISO 8601 without a time zone, such as 2024-05-31T12:00:00"),
        (ZONED, "2024-05-31T12:00", "a date and time of ISO 8601 with its time zone, such as 2024-05-31T12:00:00Z"),
    ],
)
def test_a_wrong_date_is_told_what_is_expected(form, value, expected):
    with pytest.raises(InvalidRow) as refused:
        contract(form).parse({"sold": value})

    assert [error.expected for error in refused.value.errors] == [expected]


def test_a_date_is_recorded_as_it_was_sent_and_a_later_one_is_nothing_unusual():
    both = contract(DAY, missing_allowed=True)
    sent = {"sold": " 2030-01-01T00:00 "}
    row = both.parse(sent)

    assert row == [1893456000.0]
    assert both.as_read(sent, row) == {"sold": "2030-01-01T00:00"}
    assert both.unusual(row) == []


def test_a_missing_date_is_recorded_as_missing():
    both = contract(DAY, missing_allowed=True)
    row = both.parse({"sold": "NA"})

    assert math.isnan(row[0])
    assert both.as_read({"sold": "NA"}, row) == {"sold": None}


def test_a_contract_with_dates_survives_its_file():
    assert Contract.from_json(contract(ZONED).to_json()) == contract(ZONED)


@pytest.mark.parametrize(("before", "after", "breaks"), [(DAY, TIME, False), (TIME, ZONED, True), (ZONED, DAY, True)])
def test_a_time_zone_that_comes_or_goes_breaks_callers(before, after, breaks):
    (change,) = compare(contract(before), contract(after))

    assert change.breaks_callers is breaks
