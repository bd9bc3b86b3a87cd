"""Large tables: ten thousand columns are read, and a million rows hashed, in reasonable time."""

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest

from evergreen.settings.sections import DataSettings
from evergreen.versions.data_version import of_path
from tests.unit.training.prepare.houses import SETTINGS
from training import prepare
from training.preparing.row_hash import hash_rows
from training.reading.table import header


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_ten_thousand_columns_are_read_in_reasonable_time(tmp_path, form):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(120, 9998)), columns=[f"x{number}" for number in range(9998)])
    frame = frame.assign(day=range(120), price=random.normal(size=120))
    file = tmp_path / f"wide.{form}"
    frame.to_csv(file, index=False) if form == "csv" else frame.to_parquet(file)
    settings = dataclasses.replace(SETTINGS, data=DataSettings(path=file.name, target="price", leave_out=["day"]))

    started = time.process_time()
    assert len(header(file, DataSettings(path="", target=""))) == 10_000
    parts = prepare.read_and_prepare(of_path(file), settings)

    # About 6 s of a core; a file that is opened once for every column would take minutes.
    assert time.process_time() - started < 60
    assert len(parts.contract.features) == 9998


def test_a_million_rows_are_hashed_in_seconds():
    generator = np.random.default_rng(0)
    rows = pd.DataFrame({f"x{number}": generator.normal(size=1_000_000) for number in range(10)})

    assert len(np.unique(hash_rows(rows))) == 1_000_000
