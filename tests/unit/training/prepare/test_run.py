"""The job as a whole: what it writes, and that it writes the same each time."""

import dataclasses
import hashlib
import json

import pandas as pd

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.settings.sections import SplitSettings
from tests.unit.training.prepare.houses import SETTINGS, houses, prepared, run
from training.prepare import CONTRACT, HOLDOUT, TRAIN
from training.preparing.units import from_columns


def test_the_parts_are_written_as_they_are(tmp_path):
    parts = prepared(houses(), tmp_path)
    run(tmp_path / "houses.csv")

    for file, rows, units in (
        (TRAIN, parts.train, parts.train_units),
        (HOLDOUT, parts.holdout, parts.holdout_units),
    ):
        written, written_units = from_columns(pd.read_parquet(tmp_path / "out" / file))
        pd.testing.assert_frame_equal(written, rows)
        assert written_units.moments.tolist() == units.moments.tolist()
        assert written_units.groups is None
    assert Contract.from_json((tmp_path / "out" / CONTRACT).read_bytes()) == parts.contract
    assert (tmp_path / "out" / "data_sheet.html").exists()
    assert (tmp_path / "out" / "data_sheet.md").exists()


def test_the_summary_says_what_came_of_which_data(tmp_path):
    frame = houses().assign(state="TX").astype({"price": object})
    frame.loc[:9, "price"] = None
    frame.to_csv(tmp_path / "houses.csv", index=False)
    summary = run(tmp_path / "houses.csv")
    content = (tmp_path / "houses.csv").read_bytes()
    md5 = hashlib.md5(content).hexdigest()

    assert json.loads((tmp_path / "out" / names.SUMMARY).read_text()) == summary
    assert len(summary.pop("prepared_sha256")) == 64
    assert "'state' has one value" in summary.pop("findings")[0]
    assert summary == {
        "data_version": md5,
        "data_files": [{"name": "houses.csv", "md5": md5, "bytes": len(content)}],
        "train_rows": 152,
        "holdout_rows": 38,
        "dropped": {"without target": 10, "duplicates of training rows": 0},
        "contract_changes": [],
        "split": {"type": "time", "by": "day", "holdout": 0.2},
    }


def test_what_changed_since_the_previous_contract_is_named(tmp_path):
    previous = prepared(houses().drop(columns="rooms"), tmp_path).contract
    houses().assign(city="Waco").to_csv(tmp_path / "houses.csv", index=False)
    changes = run(tmp_path / "houses.csv", previous=previous)["contract_changes"]

    assert any("'rooms' is new" in change for change in changes)
    assert any("city loses the category 'Austin'" in change for change in changes)


def test_the_prepared_hash_is_of_the_content(tmp_path):
    random = dataclasses.replace(SETTINGS, split=SplitSettings(type="random"))
    houses().to_csv(tmp_path / "houses.csv", index=False)
    houses().to_parquet(tmp_path / "houses.parquet")
    houses().replace({"rooms": {5: 6}}).to_csv(tmp_path / "other.csv", index=False)
    same, too, other = (
        run(tmp_path / name, random)["prepared_sha256"] for name in ("houses.csv", "houses.parquet", "other.csv")
    )

    assert same == too != other
