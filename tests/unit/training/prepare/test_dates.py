"""Dates of a table, in the forms that people have them in."""

import dataclasses
import datetime
import itertools
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.contract import dates
from evergreen.contract.dates import moment
from evergreen.errors import InvalidData, InvalidSettings
from evergreen.settings.sections import DriftSettings, PromotionSettings
from tests.unit.training.prepare.houses import SETTINGS, houses, prepare_path, prepared
from tests.unit.training.prepare.test_formats import city_of, refusal, with_data
from training.reading.dates import parse

DAYS = ("2020-02-29", "1066-10-14", "0001-01-01", "1969-12-31", "9999-12-31", "2020-02-30", "2020-02", "today")
CLOCKS = ("", "T10:00", " 23:59:59", "T24:00", "T00:00:00.5", " 23:59:59.1239999", "T10:00:00.123456789")
ZONES = ("", "Z", "+02:00", "-0930", "+14", " Z", "+25:00")
START = np.datetime64("2020-01-30")


def days(form: str = "%Y-%m-%d"):
    """A day for each row, in a format."""
    return lambda row: (datetime.datetime(2020, 1, 30, 7) + datetime.timedelta(days=row)).strftime(form)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("%Y-%m-%d", "day"),
        ("%Y-%m-%d 00:00:00", "day"),
        ("%Y-%m-%d %H:%M", "time"),
        ("%Y-%m-%dT%H:%M:%S+02:00", "time with zone"),
    ],
)
def test_dates_of_iso_8601_are_a_feature(tmp_path, form, kind):
    feature, column = city_of(days(form), tmp_path)

    assert (feature.type, feature.form) == ("date", kind)
    moments = column.dt.tz_convert(None) if kind == "time with zone" else column
    hour = {"day": 0, "time": 7, "time with zone": 5}[kind]
    assert moments.iloc[0] == pd.Timestamp("2020-01-30") + pd.Timedelta(hours=hour)
    assert moments.is_monotonic_increasing


def test_months_are_dates(tmp_path):
    feature, column = city_of(lambda row: f"{2000 + row // 12}-{row % 12 + 1:02}", tmp_path)

    assert (feature.type, column.iloc[12]) == ("date", pd.Timestamp("2001-01-01"))


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("%d/%m/%Y", '"%d/%m/%Y"'),
        ("%m/%d/%Y", '"%m/%d/%Y"'),
        ("%d.%m.%Y", '"%d.%m.%Y"'),
        ("%m/%d/%y %H:%M", '"%m/%d/%y %H:%M"'),
        ("%d %B %Y", '"%d %B %Y"'),
        ("%b %d, %Y", '"%b %d, %Y"'),
        ("%Y/%m/%d", '"%Y/%m/%d"'),
    ],
)
def test_dates_of_another_format_are_told_the_line_that_reads_them(tmp_path, form, told):
    assert f"set [data] date_formats = [{told}] in model.toml" in refusal(days(form), tmp_path)

    feature, column = city_of(days(form), tmp_path, date_formats=[form])
    assert feature.type == "date"
    assert column.iloc[:3].dt.strftime("%Y-%m-%d").tolist() == ["2020-01-30", "2020-01-31", "2020-02-01"]


def test_dates_that_two_formats_read_are_told_both(tmp_path):
    message = refusal(lambda row: f"0{row % 9 + 1}/0{row % 7 + 1}/2020", tmp_path)

    assert 'date_formats = ["%d/%m/%Y" or "%m/%d/%Y"]' in message


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_whole_numbers_can_be_declared_dates(tmp_path, form):
    frame = houses(400).assign(city=[20200101 + row % 28 for row in range(400)])
    file = tmp_path / f"houses.{form}"
    frame.to_parquet(file) if form == "parquet" else frame.to_csv(file, index=False)
    settings = with_data({"city": "date"}, date_formats=["%Y%m%d"])

    assert prepare_path(file, settings).train.city.iloc[1] == pd.Timestamp("2020-01-02")
    assert prepare_path(file, with_data()).contract.features[1].type == "number"


def test_dates_can_be_declared_a_category(tmp_path):
    feature, _ = city_of(lambda row: f"2020-01-{row % 28 + 1:02}", tmp_path, columns={"city": "category"})

    assert (feature.type, feature.categories[0]) == ("category", "2020-01-01")


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("2020-02-30", "Correct the rows, or name their format in [data] date_formats"),
        ("2016-12-31T23:59:60", "Correct the rows"),
        ("10000-01-01", "Correct the rows"),
        ("soon", "Correct the rows"),
        ("?", 'If that means a missing value, add "?" to [data] missing in model.toml'),
    ],
)
def test_a_cell_that_is_no_date_is_named_with_its_line(tmp_path, wrong, remedy):
    message = refusal(lambda row: wrong if row == 5 else days()(row), tmp_path)

    assert message.startswith(
        f"houses.csv line 7: column 'city' has {wrong!r} where a date belongs (1 such row). {remedy}"
    )


def test_a_date_without_a_zone_among_others_with_one_is_named(tmp_path):
    message = refusal(lambda row: days("%Y-%m-%dT%H:%M" + ("" if row == 5 else "Z"))(row), tmp_path)

    assert "houses.csv line 7: column 'city' has '2020-02-04T07:00', without a time zone" in message
    assert "Write all of them with a zone, or none" in message


def test_a_missing_date_stays_missing(tmp_path):
    feature, column = city_of(lambda row: "NA" if row % 4 == 0 else days()(row), tmp_path)

    assert feature.missing_allowed
    assert column.isna().mean() == pytest.approx(0.25)


def test_equal_rows_with_dates_are_recognised(tmp_path):
    frame = houses(400).assign(city=[days()(row % 320) for row in range(400)], rooms=1, day=range(400))
    frame = frame.assign(price=frame.day % 320)
    settings = dataclasses.replace(
        SETTINGS, data=dataclasses.replace(SETTINGS.data, leave_out=["id", "day"]), columns={}
    )

    with pytest.raises(InvalidData, match="without 80 that equal training rows"):
        prepared(frame, tmp_path, settings)


def test_the_hash_of_the_parts_sees_a_date(tmp_path):
    hashes = set()
    for shift in (0, 1):
        parts = prepared(houses(400).assign(city=[days()(row + shift * (row == 9)) for row in range(400)]), tmp_path)
        hashes.add(prepare_hash(parts))

    assert len(hashes) == 2


def prepare_hash(parts) -> str:
    from training.prepare import content_hash

    return content_hash(parts.train, parts.holdout)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_moments_of_parquet_are_dates_in_utc_and_split_by_time(tmp_path, zone):
    moments = pd.date_range("2020-03-28T23:30", periods=200, freq="h", tz=zone)
    frame = houses().assign(day=moments)
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "houses.parquet")
    parts = prepare_path(tmp_path / "houses.parquet")
    feature = parts.contract.features[0]

    assert (feature.type, feature.form) == ("date", "time with zone" if zone else "time")
    assert parts.train.day.iloc[0] == (moments[0].tz_convert("UTC") if zone else moments[0])
    assert parts.train.day.max() < parts.holdout.day.min()


def test_a_split_by_dates_of_another_format_sorts_by_time(tmp_path):
    settings = with_data(date_formats=["%d/%m/%Y"])
    frame = houses(400).assign(day=[days("%d/%m/%Y")(row) for row in range(400)]).iloc[::-1]

    assert prepared(frame, tmp_path, settings).train.price.max() < 1320


@pytest.mark.parametrize(
    "settings",
    [
        {"promotion": PromotionSettings(slices=["city"])},
        {"drift": DriftSettings(season="city")},
    ],
)
def test_a_date_is_no_slice_and_no_season(tmp_path, settings):
    with pytest.raises(InvalidSettings, match="names 'city', a date: its values do not come again"):
        prepared(
            houses(400).assign(city=[days()(row) for row in range(400)]),
            tmp_path,
            dataclasses.replace(SETTINGS, **settings),
        )


def test_a_date_has_no_logarithm(tmp_path):
    from training.fitting.estimators import build

    parts = prepared(houses(400).assign(city=[days()(row) for row in range(400)]), tmp_path)
    settings = dataclasses.replace(SETTINGS, preprocessing=dataclasses.replace(SETTINGS.preprocessing, log=["city"]))

    with pytest.raises(InvalidSettings, match="'city' is a date: it has no logarithm"):
        build(settings, parts.contract)


def test_a_column_is_read_as_each_of_its_texts_is():
    texts = ["".join(parts) for parts in itertools.product(DAYS, CLOCKS, ZONES)]

    def alone(text):
        try:
            return moment(text)
        except ValueError:
            return math.nan, False

    # A text that is no day must not change how others are read.
    for some in (texts, [text for text in texts if not math.isnan(alone(text)[0])]):
        found = parse(pa.chunked_array([some], pa.large_string()), [])
        seconds, zoned = zip(*map(alone, some), strict=True)

        np.testing.assert_array_equal(found.seconds, seconds)
        np.testing.assert_array_equal(found.zoned, zoned)


def test_a_million_dates_are_not_read_one_by_one(monkeypatch):
    texts = ["2020-01-30", "2020-01-30 07:15", "2020-01-30T07:15:00.123456", "2020-01-30T07:15:00+02:00"]
    monkeypatch.setattr(dates, "moment", lambda text: pytest.fail(f"{text} is read by itself"))

    assert parse(pa.chunked_array([texts], pa.large_string()), []).known == len(texts)
