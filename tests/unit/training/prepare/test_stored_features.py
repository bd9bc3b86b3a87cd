"""What a feature store gives to a table: which columns it needs, how they are asked for, and what comes of the answer.

Feast itself is held against the same interface in tests/feast.
"""

import dataclasses
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import InvalidData, InvalidFeatures, InvalidSettings
from evergreen.feature_store.views import FeatureService, Source, Typed, View
from evergreen.settings.model_toml import read_settings
from evergreen.versions.data_version import of_path
from training import feast_process, prepare
from training.reading.stored_features import StoredFeatures

SERVICE = FeatureService(
    name="houses",
    digest="",
    key_version=3,
    views=(
        View(name="market", keys=(Typed("city", "string"),), features=(Typed("sales", "int64"), Typed("open", "bool"))),
        View(name="owners", keys=(Typed("owner", "int64"),), features=(Typed("since", "unix_timestamp"),)),
    ),
    sources={
        name: Source(folder=f"data/{name}", event_time="at", created="known", columns={})
        for name in ("market", "owners")
    },
)
ROWS = 160
# Feast's process itself, which no other test starts.
RUN = feast_process.run
SETTINGS = """
name = "houses"
metric = "mae"
[data]
path = "houses.csv"
target = "price"
leave_out = ["day", "owner"]
[split]
type = "time"
by = "day"
[features]
service = "houses"
[estimator]
type = "hist_gradient_boosting"
"""


@pytest.fixture
def table(tmp_path):
    """City, owner, day and price."""
    days = pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"city": ["Köln", "Ulm"] * (ROWS // 2), "owner": range(ROWS), "day": days})
    frame["price"] = [100.0 + row % 7 for row in range(ROWS)]
    frame.to_csv(tmp_path / "houses.csv", index=False)
    return tmp_path / "houses.csv"


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "model.toml").write_text(SETTINGS)
    return read_settings(tmp_path / "model.toml")


@pytest.fixture
def stored(tmp_path):
    return StoredFeatures(service=SERVICE, definitions=tmp_path / "features", data=tmp_path / "data")


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """What Feast's process is asked for; it answers as Feast would, and knows nothing of the first ten rows."""
    seen: list[pa.Table] = []

    def run(module, *arguments):
        assert module == "join"
        words = dict(zip(arguments[::2], arguments[1::2], strict=True))
        rows = pq.read_table(words["--rows"])
        seen.append(rows)
        known = [place >= 10 for place in range(len(rows))]
        answer = {
            "sales": pa.array([place if is_known else None for place, is_known in enumerate(known)], pa.int64()),
            "open": pa.array([place % 2 == 0 if is_known else None for place, is_known in enumerate(known)]),
            "since": pa.array([datetime(2020, 1, 1, tzinfo=UTC)] * len(rows), pa.timestamp("us", "UTC")),
        }
        pq.write_table(pa.table(answer), words["--output"])

    monkeypatch.setattr(feast_process, "run", run)
    return seen


def prepared(table, settings, stored, tmp_path):
    summary = prepare.run(of_path(table), settings, tmp_path / "prepared", stored=stored)
    return summary, prepare.Contract.from_json((tmp_path / "prepared" / prepare.CONTRACT).read_bytes())


def test_each_row_is_asked_for_by_its_keys_at_its_moment(table, settings, stored, asked, tmp_path):
    prepared(table, settings, stored, tmp_path)
    (rows,) = asked
    assert rows["city"].to_pylist()[:3] == ["Köln", "Ulm", "Köln"]
    assert rows["owner"].type == pa.int64()
    assert rows["event_timestamp"].to_pylist()[1] == datetime(2024, 1, 2, tzinfo=UTC)


def test_what_comes_back_is_a_feature_as_any_other_and_the_contract_says_where_it_is_from(
    table, settings, stored, tmp_path
):
    _, contract = prepared(table, settings, stored, tmp_path)
    assert {feature.name: feature.type for feature in contract.features} == {
        "city": "category",
        "sales": "number",
        "open": "category",
        "since": "date",
    }
    assert contract.features[2].is_boolean
    # A join key that the model does not read is needed all the same.
    assert contract.stored == SERVICE.views


def test_a_feature_that_model_toml_leaves_out_is_not_asked_for_at_prediction(table, settings, stored, tmp_path):
    data = dataclasses.replace(settings.data, leave_out=["day", "owner", "since", "open"])
    _, contract = prepared(table, dataclasses.replace(settings, data=data), stored, tmp_path)
    assert [(view.name, [each.name for each in view.features]) for view in contract.stored] == [("market", ["sales"])]


def test_rows_of_which_nothing_was_known_are_kept_and_counted(table, settings, stored, tmp_path):
    summary, contract = prepared(table, settings, stored, tmp_path)
    assert summary["train_rows"] + summary["holdout_rows"] == ROWS
    assert [each for each in summary["findings"] if "'market' knew nothing at the moment of 10 of 160 rows" in each]
    assert next(feature for feature in contract.features if feature.name == "sales").missing_allowed


def test_a_table_without_a_join_key_or_the_moments_is_refused_with_both_names(table, settings, stored, tmp_path):
    frame = pd.read_csv(table).drop(columns=["city", "owner"])
    frame.to_csv(table, index=False)
    with pytest.raises((InvalidData, InvalidSettings), match="no column 'city', 'owner'.*'houses' come by"):
        prepared(
            table,
            dataclasses.replace(settings, data=dataclasses.replace(settings.data, leave_out=["day"])),
            stored,
            tmp_path,
        )
    assert not (tmp_path / "prepared").exists()


def test_a_column_that_both_have_is_refused(table, settings, stored, tmp_path):
    pd.read_csv(table).assign(sales=1.0).to_csv(table, index=False)
    with pytest.raises(InvalidData, match="has the column 'sales', and so has the feature service 'houses'"):
        prepared(table, settings, stored, tmp_path)


@pytest.mark.parametrize(("cell", "words"), [("", "line 5"), ("soon", "'soon'")])
def test_a_row_without_a_moment_is_named_by_its_line(table, settings, stored, tmp_path, cell, words):
    frame = pd.read_csv(table)
    frame.loc[3, "day"] = cell
    frame.to_csv(table, index=False)
    with pytest.raises(InvalidData, match=words):
        prepared(table, settings, stored, tmp_path)


def test_feasts_own_words_are_the_error(table, settings, stored, monkeypatch, tmp_path):
    def run(*_):
        raise InvalidFeatures("view 'market' has no history")

    monkeypatch.setattr(feast_process, "run", run)
    with pytest.raises(InvalidFeatures, match="view 'market' has no history"):
        prepared(table, settings, stored, tmp_path)
    assert not (tmp_path / "prepared").exists()


def test_a_process_that_fails_tells_why(monkeypatch, tmp_path):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho working\necho 'evergreen: a view is wrong' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("EVERGREEN_FEAST_PYTHON", str(script))
    with pytest.raises(InvalidFeatures, match="^a view is wrong$"):
        RUN("join")
    script.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'feast'\" >&2\nexit 1\n")
    with pytest.raises(InvalidFeatures, match="Feast is not installed on this machine; run: evergreen features apply"):
        RUN("join")


def test_without_a_feature_service_there_is_nothing_to_join(tmp_path, settings):
    without = dataclasses.replace(settings, features=dataclasses.replace(settings.features, service=""))
    assert StoredFeatures.of_settings(without, tmp_path) is None


def test_a_service_needs_a_column_of_moments(tmp_path):
    at_random = SETTINGS.replace('type = "time"\nby = "day"', 'type = "random"')
    (tmp_path / "model.toml").write_text(at_random)
    with pytest.raises(InvalidSettings, match="features.time: is missing"):
        read_settings(tmp_path / "model.toml")
    (tmp_path / "model.toml").write_text(at_random.replace("[estimator]", 'time = "day"\n[estimator]'))
    assert read_settings(tmp_path / "model.toml").row_time == "day"
