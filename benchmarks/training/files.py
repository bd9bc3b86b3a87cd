"""The training table: 13 features, 3 of them categories, a number to predict, and the row's number."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from benchmarks.table import Table

TARGET, MOMENT = "price", "moment"
HOLDOUT = 0.2
# Without early stopping, the default above 10,000 rows, every run grows the same number of trees.
PARAMETERS: dict[str, Any] = {"max_iter": 100, "early_stopping": False}
_MISSING = 0.02
_SETTINGS = """\
name = "benchmark"
task = "regression"
metric = "mape"

[data]
path = "{path}"
target = "price"
leave_out = ["moment"]

[split]
type = "time"
by = "moment"
holdout = 0.2

[estimator]
type = "hist_gradient_boosting"
parameters = {{ max_iter = 100, early_stopping = false }}

[promotion]
slices = ["five_levels"]
"""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The same table in two formats, each with its model.toml.

    Attributes:
        in_memory: bytes of the Parquet file's columns once Arrow has read them.
        in_pandas: bytes of the frame that pandas reads from it; a text is counted once for each cell that refers to it.
    """

    csv: Path
    parquet: Path
    csv_settings: Path
    parquet_settings: Path
    in_memory: int
    in_pandas: int


def write(folder: Path, rows: int, *, stream: int) -> Written:
    """Write the table as CSV and as Parquet, each with its model.toml.

    Args:
        stream: part of the seed; another one gives other rows of the same kind.
    """
    folder.mkdir(parents=True)
    csv, parquet = folder / "table.csv", folder / "table.parquet"
    table = _draw(rows, np.random.default_rng([rows, stream]))
    pa.csv.write_csv(table, csv)
    pa.parquet.write_table(table, parquet)
    settings = {}
    for file in (csv, parquet):
        settings[file] = folder / f"{file.suffix[1:]}.toml"
        settings[file].write_text(_SETTINGS.format(path=file.name))
    read = pa.parquet.read_table(parquet)
    return Written(
        csv=csv,
        parquet=parquet,
        csv_settings=settings[csv],
        parquet_settings=settings[parquet],
        in_memory=read.nbytes,
        in_pandas=int(read.to_pandas().memory_usage(deep=True).sum()),
    )


def _draw(rows: int, generator: np.random.Generator) -> pa.Table:
    columns = Table(numbers=10)
    hidden = columns.hidden(rows, generator)
    frame = columns.frame(hidden)
    frame.loc[generator.random(rows) < _MISSING, "scaled"] = np.nan
    noise = 0.1 * generator.standard_normal(rows)
    signal = hidden["normal"] * hidden["two_levels"] + np.sin(hidden["uniform"]) + np.abs(hidden["five_levels"])
    frame[TARGET] = 100 * np.exp(0.2 * signal + noise)
    frame[MOMENT] = np.arange(rows)
    return pa.Table.from_pandas(frame, preserve_index=False)
