import pandas as pd
import pytest

from cli.demo.city_market import history, write_history

TABLES = ("data/texas_2000_2006.csv", "data/texas_2007_2015.csv")


@pytest.fixture(scope="module")
def table(checkout):
    return pd.concat([pd.read_csv(checkout / name) for name in TABLES])


def months(first, values, *, column="sales", city="Austin"):
    """A table of one city from a month of 2000 on."""
    numbers = range(first, first + len(values))
    frame = pd.DataFrame({"city": city, "year": [2000 + (n - 1) // 12 for n in numbers]})
    frame["month"] = [(n - 1) % 12 + 1 for n in numbers]
    return frame.assign(**{"sales": 1, "listings": 1, "inventory": 1.0, "median": 1.0, column: values})


def test_a_month_is_known_on_the_first_day_of_the_next(table):
    rows = history(table)

    ended = pd.to_datetime({"year": rows.year + rows.month // 12, "month": rows.month % 12 + 1, "day": 1}, utc=True)
    assert (rows.event_timestamp == ended).all()
    assert (rows.created == ended).all()
    assert len(rows) == len(table)


@pytest.mark.parametrize(("year", "month"), [(2000, 12), (2003, 5), (2007, 1), (2015, 6)])
def test_no_value_of_a_month_is_in_a_row_before_it_ended(table, year, month):
    """What is known at the end of a month is the same, whatever the months after it bring."""
    until = table[(table.year < year) | ((table.year == year) & (table.month <= month))]
    end = pd.Timestamp(year=year, month=month, day=1, tz="UTC") + pd.DateOffset(months=1)

    known = history(table)
    known = known[known.event_timestamp <= end]

    pd.testing.assert_frame_equal(known.reset_index(drop=True), history(until))


def test_means_are_of_the_months_up_to_each():
    rows = history(months(1, [3, 6, 9, 12, *[0] * 8, 24]))

    assert rows.sales_3m[1:5].tolist() == [4.5, 6, 9, 7]
    assert rows.sales_12m.tolist()[11:] == [30 / 12, 51 / 12]
    assert rows.sales_12m[:7].isna().all()


def test_the_change_is_against_the_same_month_of_the_year_before():
    rows = history(months(6, [100.0] * 12 + [150.0, 80.0], column="median"))

    assert rows.median_change_12m[:12].isna().all()
    assert rows.median_change_12m[12:].tolist() == [0.5, pytest.approx(-0.2)]


def test_months_that_the_table_lacks_count_as_unknown():
    rows = history(months(1, [100.0 + n for n in range(20)], column="median").drop(index=[3, 4]))

    changes = dict(zip(zip(rows.year, rows.month, strict=True), rows.median_change_12m, strict=True))
    assert (2000, 4) not in changes
    assert changes[(2001, 3)] == pytest.approx(114 / 102 - 1)
    assert pd.isna(changes[(2001, 4)])


def test_cities_do_not_flow_into_each_other():
    both = history(pd.concat([months(1, [1, 2, 3]), months(1, [10, 20, 30], city="Waco")]))

    assert both[both.city == "Waco"].sales_3m.tolist()[1:] == [15, 20]


def test_the_file_lies_where_the_definitions_look(checkout, tmp_path):
    pattern = "data/city_market/*.parquet"
    file = tmp_path / pattern.replace("*", "history")

    write_history(checkout / TABLES[0], file)

    assert f'path="{pattern}"' in (checkout / "features" / "texas.py").read_text()
    assert list(tmp_path.glob(pattern)) == [file]
    assert str(pd.read_parquet(file).event_timestamp.dtype) == "datetime64[us, UTC]"
