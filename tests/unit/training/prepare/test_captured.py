"""A table with captured rows below its own: one table to train on, in which they are the newest."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, DATE, NUMBER, Feature
from evergreen.errors import InvalidData
from evergreen.settings.sections import DataSettings, ModelSettings, SplitSettings
from evergreen.versions.data_version import of_path
from tests.unit.training.collecting.test_month_files import id_of
from tests.unit.training.prepare import workbook
from training.collecting import month_files
from training.prepare import prepare
from training.reading.table import read_version

CONTRACT = Contract(
    task="regression",
    target="price",
    features=(
        Feature(name="rooms", type=NUMBER, missing_allowed=True),
        Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("Bergen", "Oslo")),
    ),
)
SETTINGS = ModelSettings(
    name="houses",
    metric="mae",
    data=DataSettings(path="houses", target="price", leave_out=["sold"]),
    split=SplitSettings(type="time", by="sold", holdout=0.25),
)
# In the wrong order, so that their order in the file tells nothing.
OWN = pd.DataFrame(
    {
        "sold": [f"2020-{month:02}-{day:02}" for day in (20, 10) for month in range(1, 13) for _ in range(4)],
        "rooms": np.arange(96) % 7 + 0.5,
        "city": ["Oslo", "Bergen", "Oslo", None] * 24,
        "price": np.arange(96) * 1000.5,
    }
)
# The newest first in the id's time, written in any order.
CAPTURED = {
    id_of("2026-11-30", number): {"rooms": 2.5, "city": "Bergen", "price": float(number) + 0.25} for number in range(32)
}


def csv(table, path, **form):
    table.to_csv(path, index=False, **form)


FORMS = {
    "CSV": (csv, "houses.csv", {}),
    "CSV with a decimal comma": (
        lambda table, path: csv(table, path, sep=";", decimal=","),
        "houses.csv",
        {"delimiter": ";", "decimal": ","},
    ),
    "JSON lines": (lambda table, path: table.to_json(path, orient="records", lines=True), "houses.jsonl", {}),
    "Parquet": (lambda table, path: table.to_parquet(path), "houses.parquet", {}),
    "Excel": (lambda table, path: workbook.write(path, {"houses": workbook.rows_of(table)}), "houses.xlsx", {}),
}


@pytest.fixture
def folder(tmp_path):
    table = tmp_path / "houses"
    table.mkdir()
    month_files.write(table, CAPTURED, CONTRACT)
    return table


def prepared(folder, settings=SETTINGS):
    table, source = read_version(of_path(folder), settings)
    return prepare(table, settings, file=source)


@pytest.mark.parametrize("form", FORMS)
def test_captured_rows_are_read_with_a_table_of_any_format(folder, form):
    write, name, said = FORMS[form]
    write(OWN, folder / name)

    found = prepared(folder, replace(SETTINGS, data=replace(SETTINGS.data, **said)))

    assert len(found.train) + len(found.holdout) == len(OWN) + len(CAPTURED)
    assert found.holdout["price"].tolist() == [row["price"] for row in CAPTURED.values()]
    assert set(found.holdout["rooms"]) == {2.5}
    assert set(found.holdout["city"]) == {"Bergen"}
    assert found.train["price"].sum() == pytest.approx(OWN["price"].sum())
    assert list(found.train) == ["rooms", "city", "price"]
    assert "captured" not in " ".join(found.findings)


def test_in_a_split_by_time_they_are_the_newest_without_a_column_of_time(folder):
    csv(OWN, folder / "houses.csv")

    found = prepared(folder)

    # The last quarter of the rows are the captured ones, one moment each, after all moments of the table.
    assert found.holdout["price"].tolist() == [row["price"] for row in CAPTURED.values()]
    assert (np.diff(found.holdout_units.moments) > 0).all()
    assert found.holdout_units.moments.min() > found.train_units.moments.max()
    assert len(set(found.train_units.moments)) == OWN["sold"].nunique()


def test_a_column_of_time_that_callers_send_orders_them_as_it_orders_all(folder):
    """A house may be asked for long after it was sold."""
    rows = [{**row, "sold": "2019-12-31"} for row in CAPTURED.values()]
    month_files.write(
        folder,
        dict(zip(CAPTURED, rows, strict=True)),
        replace(CONTRACT, features=(*CONTRACT.features, Feature(name="sold", type=CATEGORY, missing_allowed=False))),
    )
    csv(OWN, folder / "houses.csv")

    found = prepared(folder)

    assert found.train_units.moments[:32].tolist() == [0] * 32
    assert found.train["price"][:32].tolist() == [row["price"] for row in rows]


def test_in_a_split_by_order_they_come_last(folder):
    csv(OWN, folder / "houses.csv")

    found = prepared(folder, replace(SETTINGS, split=SplitSettings(type="order", holdout=0.25)))

    assert found.holdout["price"].tolist() == [row["price"] for row in CAPTURED.values()]


def test_in_a_random_split_they_are_on_both_sides(folder):
    csv(OWN, folder / "houses.csv")

    found = prepared(folder, replace(SETTINGS, split=SplitSettings(type="random", holdout=0.25)))

    sides = [set(side["price"]) & {row["price"] for row in CAPTURED.values()} for side in (found.train, found.holdout)]
    assert all(sides)


def with_repeated(folder, table):
    """What Prepare makes of captured rows of which 20 equal rows of the table."""
    same = table.dropna()[["rooms", "city", "price"]].head(20).to_dict("records")
    repeated = {id_of("2026-12-01", place): row for place, row in enumerate(same)}
    month_files.write(folder, {**CAPTURED, **repeated}, CONTRACT)
    csv(table, folder / "houses.csv")
    return prepared(folder, replace(SETTINGS, split=replace(SETTINGS.split, holdout=0.4)))


def test_captured_rows_that_equal_rows_of_the_table_are_left_out_and_counted(folder):
    """Who predicts the table itself, and sends its targets as labels, has them twice."""
    found = with_repeated(folder, OWN)

    assert found.holdout["price"].tolist()[-32:] == [row["price"] for row in CAPTURED.values()]
    assert len(found.train) + len(found.holdout) == len(OWN) + len(CAPTURED)
    assert "20 captured rows left out: the table itself has the same" in found.findings


def test_where_the_tables_own_rows_equal_each_other_so_may_captured_ones(folder):
    found = with_repeated(folder, OWN.assign(rooms=OWN["rooms"].round(), price=OWN["price"] // 20_000))

    assert not [finding for finding in found.findings if "left out" in finding]


def test_a_wrong_cell_of_a_captured_row_is_found_in_its_file(folder):
    csv(OWN, folder / "houses.csv")

    with pytest.raises(InvalidData, match=r"captured/2026-11\.parquet line 2: column 'sold' is empty"):
        prepared(folder, replace(SETTINGS, split=SplitSettings(type="group", by="sold", holdout=0.25)))


def test_captured_rows_of_another_table_are_refused(folder):
    csv(OWN.rename(columns={"rooms": "beds"}), folder / "houses.csv")

    with pytest.raises(InvalidData, match=r"captured/2026-11\.parquet has the column 'rooms', which houses\.csv lacks"):
        prepared(folder)


def test_captured_rows_alone_are_no_table(folder):
    with pytest.raises(InvalidData, match="houses has captured rows only: the table itself is missing"):
        prepared(folder)


def test_a_folder_of_the_users_own_parquet_called_captured_is_part_of_the_table(tmp_path):
    table = tmp_path / "houses" / "captured"
    table.mkdir(parents=True)
    OWN.to_parquet(table / "2020.parquet")

    found = prepared(tmp_path / "houses")

    assert len(found.train) + len(found.holdout) == len(OWN)


def test_dates_of_requests_are_read_beside_those_of_the_table(folder):
    """Requests have ISO 8601, whatever the table has."""
    rows = {id_: {**row, "built": "2001-02-03" if row["price"] > 1 else None} for id_, row in CAPTURED.items()}
    contract = replace(CONTRACT, features=(*CONTRACT.features, Feature(name="built", type=DATE, missing_allowed=True)))
    month_files.write(folder, rows, contract)
    csv(OWN.assign(built="31.12.1999"), folder / "houses.csv")

    found = prepared(folder, replace(SETTINGS, data=replace(SETTINGS.data, date_formats=["%d.%m.%Y"])))

    assert set(found.train["built"]) == {pd.Timestamp("1999-12-31")}
    assert set(found.holdout["built"].dropna()) == {pd.Timestamp("2001-02-03")}
    assert found.holdout["built"].isna().sum() == 1


def test_a_damaged_parquet_file_of_the_table_is_named(tmp_path):
    """Looking whether it holds captured rows may not end in Arrow's own words."""
    table = tmp_path / "houses"
    table.mkdir()
    (table / "2020.parquet").write_bytes(b"PAR1" + b"x" * 40 + b"\x05\x00\x00\x00PAR1")

    with pytest.raises(InvalidData, match=r"2020\.parquet"):
        prepared(table)
