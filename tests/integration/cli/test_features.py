"""A file of feature values, held against its view; and a key as it is written on the command line."""

import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.feature_store import pushed_file
from cli.feature_store.online import FeatureStore, key_of
from cli.main import app
from evergreen import names
from evergreen.errors import CommandFailed, InvalidFeatures
from evergreen.feature_store.views import Source, Typed, View

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VIEW = View(
    name="market",
    keys=(Typed("city", "string"), Typed("kind", "int64")),
    features=(
        Typed("sales", "int64"),
        Typed("share", "double"),
        Typed("open", "bool"),
        Typed("since", "unix_timestamp"),
    ),
)
SOURCE = Source(folder="data/market", event_time="at", created="known", columns={"sales": "SALES"})
ROW = {"city": "Köln", "kind": 1, "SALES": 3, "share": 0.5, "open": True, "since": "2020-01-01", "at": "2026-02-01"}


@pytest.fixture
def read(tmp_path):
    """Reads rows from a file of either format."""

    def write(rows, form="csv", now=NOW):
        file = tmp_path / f"rows.{form}"
        frame = pd.DataFrame(rows)
        if form == "csv":
            frame.to_csv(file, index=False)
        else:
            frame.assign(at=pd.to_datetime(frame["at"]), since=pd.to_datetime(frame["since"])).to_parquet(file)
        return pushed_file.read(file, VIEW, SOURCE, now=now)

    return write


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_of_either_format_becomes_rows_in_the_views_types(read, form):
    (row,) = read([ROW], form).table.to_pylist()
    assert row == {
        **{"city": "Köln", "kind": 1, "sales": 3, "share": 0.5, "open": True},
        "since": datetime(2020, 1, 1, tzinfo=UTC),
        # Without a time zone, UTC; and what does not say since when it is known is known now.
        pushed_file.EVENT: datetime(2026, 2, 1, tzinfo=UTC),
        pushed_file.CREATED: NOW,
    }


def test_the_history_has_the_names_of_the_views_files(read):
    found = read([ROW]).as_history(SOURCE).column_names
    assert set(found) == {"city", "kind", "SALES", "share", "open", "since", "at", "known"}


def test_of_each_entity_the_newest_event_and_then_the_newest_correction_counts(read):
    rows = [
        {**ROW, "SALES": 1, "at": "2026-02-03", "known": "2026-02-04"},
        {**ROW, "SALES": 2, "at": "2026-02-03", "known": "2026-02-05"},
        {**ROW, "SALES": 3, "at": "2026-01-01", "known": "2026-02-28"},
        {**ROW, "SALES": 4, "kind": 2, "known": "2026-02-01"},
    ]
    assert {(row["kind"], row["sales"]) for row in read(rows).newest()} == {(1, 2), (2, 4)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SALES": "many"}, "'sales' has 'many' in row 2, and should have int64"),
        ({"SALES": "1.7"}, "'sales' has '1.7' in row 2"),
        ({"SALES": str(2**63)}, "'sales' has '9223372036854775808' in row 2"),
        ({"open": "perhaps"}, "'open' has 'perhaps' in row 2, and should have bool"),
        ({"city": None}, "'city' is missing in row 2"),
        ({"kind": "one"}, "'kind' has 'one' in row 2"),
        ({"at": "soon"}, "'at' should have moments of ISO 8601"),
        ({"at": None}, "'at' is missing in 1 row"),
        ({"at": "2026-03-01T12:06:00Z"}, "'at' lies more than 5 minutes ahead of this machine's clock in 1 row"),
        ({"known": "2030-01-01"}, "'known' lies more than 5 minutes ahead"),
        ({"town": "Ulm"}, "the column 'town' is none of the view's"),
    ],
)
def test_what_does_not_fit_is_named_with_its_row(read, change, words):
    with pytest.raises(InvalidFeatures, match=words):
        read([ROW, {**ROW, **change}])


def test_a_number_of_parquet_that_the_type_cannot_hold_is_named(read):
    with pytest.raises(InvalidFeatures, match="'sales' has '9223372036854775808' in row 1, and should have int64"):
        read([{**ROW, "SALES": 2**63}], "parquet")


def test_a_column_that_comes_twice_is_named(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("city,kind,kind,SALES\nKöln,1,2,3\n")

    with pytest.raises(InvalidFeatures, match="more than one column 'kind'; keep one of each"):
        pushed_file.read(file, VIEW, SOURCE, now=NOW)


@pytest.mark.parametrize("mark", ["", "None", "<NA>", "n/a", "#N/A"])
def test_what_is_a_missing_value_in_a_table_is_one_here(read, mark):
    (row,) = read([{**ROW, "SALES": mark, "open": mark}]).table.to_pylist()

    assert (row["sales"], row["open"]) == (None, None)


def test_what_is_pushed_again_later_stays_known_since_before(read):
    """A join goes by when a value was known: what was served between the two pushes must be found there."""
    stored = {}
    put = SimpleNamespace(put_object=lambda **put: stored.update({put["Key"]: put["Body"]}))
    outputs = {names.OUTPUT_FEATURE_WORKFLOW: "arn", names.OUTPUT_FEATURE_PROJECT: "p", names.OUTPUT_DATA_BUCKET: "b"}
    target = SimpleNamespace(
        outputs=outputs, environment="dev", client=lambda _: put, session=boto3.Session(region_name="eu-central-1")
    )
    store = FeatureStore(target, SimpleNamespace(sources={"market": SOURCE}))
    later = NOW + timedelta(days=4)
    for now in (NOW, later, later):
        store.add_to_history(read([ROW], now=now))

    assert [pq.read_table(io.BytesIO(file))["known"].to_pylist() for file in stored.values()] == [[NOW], [later]]


def test_all_faults_are_named_at_once(read):
    with pytest.raises(InvalidFeatures) as refused:
        read([{"city": "Ulm", "share": "half", "extra": 1, "at": "soon"}])
    for words in (
        "'kind' is missing",
        "'sales' is missing",
        "'share' has 'half'",
        "'extra' is none",
        "'at' should have",
    ):
        assert words in str(refused.value)


def test_an_empty_file_and_none_at_all_are_told_apart(tmp_path):
    file = tmp_path / "rows.csv"
    with pytest.raises(InvalidFeatures, match="rows.csv cannot be read as Parquet or CSV"):
        pushed_file.read(file, VIEW, SOURCE, now=NOW)
    file.write_text(",".join(ROW) + "\n")
    with pytest.raises(InvalidFeatures, match="there are no rows"):
        pushed_file.read(file, VIEW, SOURCE, now=NOW)


def test_a_key_is_written_by_names_or_where_there_is_one_by_its_value():
    assert key_of(VIEW.keys, ["kind=7", "city=a=b"]) == {"kind": 7, "city": "a=b"}
    assert key_of(VIEW.keys[:1], ["Köln"]) == {"city": "Köln"}
    for given in (["Köln"], ["city=Köln"], ["city=Köln", "kind=1", "more=2"]):
        with pytest.raises(CommandFailed, match="the key must be given as: city=… kind=…"):
            key_of(VIEW.keys, given)
    with pytest.raises(CommandFailed, match="kind must be of type int64, got 'one'"):
        key_of(VIEW.keys, ["city=Köln", "kind=one"])


@pytest.mark.parametrize("words", [["list"], ["get", "Austin"], ["materialize"], ["push", "rows.csv"], ["apply"]])
def test_a_model_without_stored_features_says_where_to_ask_for_them(words, checkout, monkeypatch):
    monkeypatch.chdir(checkout)
    ran = CliRunner().invoke(app, ["features", *words])
    assert isinstance(ran.exception, CommandFailed)
    assert "name a feature service of features/ in [features]" in str(ran.exception)
