import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import InvalidFeatures
from tests.feast.folders import moment, service, source, view, write_definitions, write_history
from tests.feast.joining import joined

BASE = moment("2026-03-01")
JANUARY = moment("2026-01-01")
BIG = 2**62


@pytest.fixture
def market(tmp_path):
    """One view with a correction, a late arrival and values that are missing."""
    folder = write_definitions(
        tmp_path / "features", view(schema="sales:Int64 price:Float64 kind:String"), service("market")
    )
    rows = [
        ("A", "2026-01-01", "2026-01-02", BIG + 1, 1.5, "x"),
        ("A", "2026-02-01", "2026-02-02", 2, 2.5, "y"),
        ("A", "2026-02-01", "2026-03-15", 3, 3.5, "corrected"),
        ("A", "2026-04-01", "2026-06-01", 4, 4.5, "late"),
        ("B", "2026-01-01", "2026-01-01", None, None, None),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["city", "event_timestamp", "created", "sales", "price", "kind"])
    # pandas would make floating numbers of them, which BIG + 1 is none of.
    frame["sales"] = pd.array([row[3] for row in rows], "Int64")
    for column in ("event_timestamp", "created"):
        frame[column] = pd.to_datetime(frame[column], utc=True)
    write_history(folder / "data" / "market", frame)
    return folder


def asked(*rows):
    return pd.DataFrame([(city, moment(text)) for city, text in rows], columns=["city", "event_timestamp"])


def test_every_row_gets_what_was_known_at_its_moment(market):
    rows = asked(
        ("A", "2026-02-10"), ("A", "2026-03-20"), ("A", "2026-05-01"), ("A", "2026-06-01"), ("B", "2026-02-01"),
        ("nowhere", "2026-02-01"), (None, "2026-02-01"), ("A", "2026-01-01"), ("A", "2026-01-02"), ("A", "2026-02-10"),
    )  # fmt: skip

    found = joined(market, rows)

    assert found["sales"].to_pylist() == [2, 3, 3, 4, None, None, None, None, BIG + 1, 2]
    assert found["kind"].to_pylist()[:3] == ["y", "corrected", "corrected"]
    assert found.schema == pa.schema({"sales": pa.int64(), "price": pa.float64(), "kind": pa.string()})


@pytest.mark.parametrize("moments", [[], [pd.NaT], [pd.NaT, moment("2026-02-10")]])
def test_rows_without_a_moment_know_nothing(market, moments):
    rows = pd.DataFrame({"city": ["A"] * len(moments), "event_timestamp": pd.to_datetime(moments, utc=True)})

    assert joined(market, rows)["sales"].to_pylist() == [None if pd.isna(each) else 2 for each in moments]


def test_other_columns_of_the_rows_do_not_matter(market):
    rows = asked(("A", "2026-02-10")).assign(sales=-1, entity_row_id=7, x_y=1, rn=5, evergreen_row=3)

    assert joined(market, rows)["sales"].to_pylist() == [2]


def test_rows_keep_their_order_where_feast_would_not(tmp_path):
    folder = write_definitions(tmp_path / "features", view(key="city:Int64"), service("market"))
    cities, rows = 500, 200_000
    write_history(
        folder / "data" / "market",
        pd.DataFrame({"city": range(cities), "event_timestamp": BASE, "created": BASE, "sales": range(cities)}),
    )
    drawn = np.random.default_rng(0).integers(0, cities, rows)

    found = joined(folder, pd.DataFrame({"city": drawn, "event_timestamp": BASE}))

    assert np.array_equal(found["sales"].to_numpy(), drawn)


@pytest.mark.parametrize(
    ("type_", "stored", "sent", "found"),
    [
        ("Int64", [5, BIG + 1], [5, BIG + 1, 7], [0, 1, None]),
        ("Int64", [5, 6], [5.0, None, 6.0], [0, None, 1]),
        ("Int32", np.array([5, 6], "int32"), ["6", "5", None], [1, 0, None]),
        ("String", ["77001", "Köln"], [77001, 77002], [0, None]),
        ("String", ["77001", "Köln"], [77001.0, None], [0, None]),
        ("String", ["77001", "Köln"], pd.Categorical(["Köln", "77001"]), [1, 0]),
        ("Bytes", [b"\x00\xff", b"b"], [b"b", b"\x00\xff", b""], [1, 0, None]),
        ("UnixTimestamp", [JANUARY, moment("2026-01-02")], [moment("2026-01-02"), pd.NaT, JANUARY], [1, None, 0]),
    ],
)
def test_keys_of_every_type_find_their_values(tmp_path, type_, stored, sent, found):
    folder = write_definitions(tmp_path / "features", view(key=f"city:{type_}"), service("market"))
    write_history(
        folder / "data" / "market",
        pd.DataFrame({"city": stored, "event_timestamp": BASE, "created": BASE, "sales": range(len(stored))}),
        times=["city"] if type_ == "UnixTimestamp" else [],
    )

    assert joined(folder, pd.DataFrame({"city": sent, "event_timestamp": BASE}))["sales"].to_pylist() == found


@pytest.mark.parametrize(
    ("type_", "sent", "told"),
    [
        ("Int64", [1.0, 1.5], "'city' of the rows has 1.5; 'city' is defined as int64"),
        ("Int64", ["5", "five"], "'city' of the rows has 'five'"),
        ("Int32", [1, 2**31], f"has {2**31}; 'city' is defined as int32"),
        ("String", [1.5, 2.0], "'city' of the rows has 1.5"),
        ("Int64", [True, False], "'city' of the rows has the type bool"),
        ("UnixTimestamp", [1, 2], "'city' of the rows has the type int64"),
    ],
)
def test_a_key_that_does_not_fit_its_type_is_named(tmp_path, type_, sent, told):
    folder = write_definitions(tmp_path / "features", view(key=f"city:{type_}"), service("market"))
    stored = {"String": ["a"], "UnixTimestamp": [BASE]}.get(type_, [1])
    write_history(
        folder / "data" / "market",
        pd.DataFrame({"city": stored, "event_timestamp": BASE, "created": BASE, "sales": 1}),
        times=["city"] if type_ == "UnixTimestamp" else [],
    )

    with pytest.raises(InvalidFeatures) as refused:
        joined(folder, pd.DataFrame({"city": sent, "event_timestamp": BASE}))

    assert told in str(refused.value)


def test_features_come_in_their_declared_types_as_the_online_store_would_have_them(tmp_path):
    folder = write_definitions(
        tmp_path / "features",
        view(schema="a:Int64 b:Float32 c:UnixTimestamp d:Float64 e:Bool", of=source(mapping={"raw": "a"})),
        service("market"),
    )
    history = pd.DataFrame({"city": ["A"], "event_timestamp": BASE, "created": BASE, "raw": [3.0], "b": [0.1]})
    history = history.assign(c=moment("2026-01-01 00:00:01.75"), d=np.array([7], "int64"), e=True)
    write_history(folder / "data" / "market", history)

    found = joined(folder, pd.DataFrame({"city": ["A", "B"], "event_timestamp": BASE}))

    assert found["a"].to_pylist() == [3, None]
    assert found["b"].to_pylist() == [float(np.float32(0.1)), None]
    assert found["c"].to_pylist() == [moment("2026-01-01 00:00:01"), None]
    assert [found[name].type for name in "de"] == [pa.float64(), pa.bool_()]


def test_a_number_that_is_no_whole_one_is_refused_for_a_whole_feature(tmp_path):
    folder = write_definitions(tmp_path / "features", view(), service("market"))
    write_history(
        folder / "data" / "market",
        pd.DataFrame({"city": ["A"], "event_timestamp": BASE, "created": BASE, "sales": [1.5]}),
    )

    with pytest.raises(InvalidFeatures, match=r"feature 'sales' has 1\.5"):
        joined(folder, pd.DataFrame({"city": ["A"], "event_timestamp": BASE}))


def test_a_history_in_several_files_elsewhere_is_read_whole(market, tmp_path):
    (market / "data").rename(tmp_path / "elsewhere")
    row = pd.DataFrame(
        {"city": ["C"], "event_timestamp": BASE, "created": BASE, "sales": [9], "price": [1.0], "kind": "z"}
    )
    write_history(tmp_path / "elsewhere" / "market", row, name="more")

    found = joined(market, asked(("C", "2026-04-01"), ("A", "2026-02-10")), data=tmp_path / "elsewhere")

    assert found["sales"].to_pylist() == [9, 2]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows.drop(columns="sales"), "should have one column 'sales'"),
        (lambda rows: rows.assign(sales="many"), "has 'sales' as string"),
        (lambda rows: rows.assign(city=5), "has 'city' as int64"),
        (lambda rows: rows.assign(entity_row_id=1), "a column 'entity_row_id'"),
        (lambda rows: rows.assign(city_y=1), "a column 'city_y'"),
        (lambda rows: rows.astype({"sales": "Int32"}), "one type"),
    ],
)
def test_a_file_that_does_not_fit_its_view_is_named(market, change, told):
    rows = pd.read_parquet(market / "data" / "market" / "history.parquet")
    write_history(market / "data" / "market", change(rows), name="new")

    with pytest.raises(InvalidFeatures) as refused:
        joined(market, asked(("A", "2026-02-10")))

    assert "new.parquet of view 'market'" in str(refused.value)
    assert told in str(refused.value)


def test_views_without_a_file_or_with_a_broken_one_are_named_at_once(market):
    write_definitions(market, view(), view("streets", schema="width:Int64"), service("market", "streets"))
    (market / "data" / "market" / "broken.parquet").write_text("no Parquet")

    with pytest.raises(
        InvalidFeatures, match=r"broken.parquet of view 'market' is not a Parquet.*'streets' has no history: "
    ):
        joined(market, asked(("A", "2026-02-10")))


def test_rows_without_the_key_or_the_moment_are_refused(market):
    with pytest.raises(InvalidFeatures, match="'event_timestamp', 'city'"):
        joined(market, pd.DataFrame({"town": ["A"]}))
    with pytest.raises(InvalidFeatures, match="'event_timestamp' of the rows has the type int64"):
        joined(market, pd.DataFrame({"city": ["A"], "event_timestamp": 5}))


def test_the_program_joins_files(checkout, market, tmp_path):
    asked(("A", "2026-03-20"), ("nowhere", "2026-03-20")).to_parquet(tmp_path / "rows.parquet")
    command = [
        sys.executable,
        "-O",
        "-W",
        "ignore",
        "-m",
        "training.feature_store.join",
        "--service",
        "all",
        "--definitions",
    ]

    ended = subprocess.run(
        [*command, market, "--rows", tmp_path / "rows.parquet", "--output", tmp_path / "joined.parquet"],
        cwd=checkout, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, "")
    assert pq.read_table(tmp_path / "joined.parquet")["sales"].to_pylist() == [3, None]
