"""The demo's own definitions, in features/."""

import shutil
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest

from cli.demo.city_market import write_history
from tests.feast.folders import moment
from training.feature_store import definitions
from training.feature_store.description import describe
from training.feature_store.join import join


@pytest.fixture
def features(checkout, tmp_path):
    """A copy of features/, without what lies there on this machine."""
    folder = tmp_path / "features"
    folder.mkdir()
    for name in ("texas.py", "feature_store.yaml"):
        shutil.copy(checkout / "features" / name, folder)
    return folder


def test_feasts_own_command_line_takes_the_definitions_unchanged(features):
    command = [sys.executable, "-O", "-W", "ignore", "-m", "feast.cli.cli"]

    subprocess.run([*command, "apply"], cwd=features, check=True)
    listed = subprocess.run(
        [*command, "feature-services", "list"], cwd=features, check=True, capture_output=True, text=True
    )

    assert "city_market" in listed.stdout


def test_the_demos_history_fits_them(checkout, features):
    write_history(checkout / "data" / "texas_2000_2006.csv", features / "data" / "city_market" / "history.parquet")
    defined = definitions.read(features)
    moments = [moment("2006-11-30 23:59"), moment("2006-12-01"), moment("2030-01-01")]
    rows = pa.Table.from_pandas(pd.DataFrame({"city": "Austin", "event_timestamp": moments}))

    found = join(defined, describe(defined, "city_market"), rows, data=features / "data").to_pandas()

    table = pd.read_csv(checkout / "data" / "texas_2000_2006.csv")
    austin = table[(table.city == "Austin") & (table.year == 2006)].set_index("month")
    assert found.month.tolist() == [10, 11, 12]
    assert found.sales.tolist() == [austin.sales[month] for month in (10, 11, 12)]
    assert found.sales_3m[2] == pytest.approx(austin.sales[[10, 11, 12]].mean())
