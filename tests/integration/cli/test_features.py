"""A file of feature values, held against its view; and a key as it is written on the command line."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from typer.testing import CliRunner

from cli.feature_store import pushed_file
from cli.feature_store.online import key_of
from cli.main import app
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

    def write(rows, form="csv"):
        file = tmp_path / f"rows.{form}"
        frame = pd.DataFrame(rows)
        if form == "csv":
            frame.to_csv(file, index=False)
        else:
            frame.assign(at=pd.to_datetime(frame["at"]), since=pd.to_datetime(frame["since"])).to_parquet(file)
        return pushed_file.read(file, VIEW, SOURCE, now=NOW)

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
    names = read([ROW]).as_history(SOURCE).column_names
    assert set(names) == {"city", "kind", "SALES", "share", "open", "since", "at", "known"}


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
        ({"at": "2026-03-01T12:06:00Z"}, "1 event lie more than 5 minutes ahead"),
        ({"town": "Ulm"}, "the column 'town' is none of the view's"),
    ],
)
def test_what_does_not_fit_is_named_with_its_row(read, change, words):
    with pytest.raises(InvalidFeatures, match=words):
        read([ROW, {**ROW, **change}])


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
