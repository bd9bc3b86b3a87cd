"""Reads a file of rows: each cell as it stands, and as a value of the type that the contract wants."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evergreen.contract.feature import NUMBER
from evergreen.errors import CommandFailed, InvalidData
from evergreen.settings.sections import DataSettings
from training.reading.cells import read_texts
from training.reading.compression import open_unpacked
from training.reading.requested import as_requested
from training.reading.source import Source
from training.reading.table import read_cells
from training.reading.typed_columns import column_of, texts_of_cells


@dataclass(frozen=True)
class RowFile:
    """The rows of a file, without those in which every cell is missing.

    Attributes:
        cells: by column, in the types of the file.
        texts: the same as they stand in the file; a cell that is null there is empty.
        numbers: of each row: its line in the file, or its row in Parquet, from 1.
        source: of `cells`.
        missing: the texts that mean a missing value.
    """

    cells: pa.Table
    texts: pa.Table
    numbers: list[int]
    source: Source
    missing: list[str]

    @property
    def header(self) -> list[str]:
        return list(self.texts.column_names)

    def place(self, row: int) -> str:
        """line 507, for the row at a position."""
        return f"{self.source.unit} {self.numbers[row]}"

    def rows(self, positions: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """The cells at positions, as they stand in the file."""
        columns = self.texts.take(pa.array(positions, pa.int64())).itercolumns()
        return zip(*(column.to_pylist() for column in columns), strict=True)

    def require(self, columns: list[str], needed_by: str) -> None:
        """
        Raises:
            CommandFailed: the file lacks one of them.
        """
        missing = [name for name in columns if name not in self.header]
        if missing:
            raise CommandFailed(
                f"{self.source.name} has no column {', '.join(map(repr, missing))}, which {needed_by}; "
                f"it has: {', '.join(self.header)}"
            )

    def values(self, name: str, kind: str) -> list[Any]:
        """A column for JSON: numbers or texts, None for a missing cell; dates in ISO 8601, whatever the file has.

        What is no finite number, or no date, stays its text.

        Args:
            kind: "number", "category" or "date".

        Raises:
            InvalidData: the file gives the column a type that no feature can have, or its numbers have different units.
        """
        cells = [(self.source.name, self.cells.column(name))]
        column = column_of(cells, name, as_text=kind != NUMBER, missing=self.missing, padded=Counter())
        return as_requested(column.rename(name), kind, source=self.source)


def read_rows(source: str | None, data: DataSettings) -> RowFile:
    """
    Args:
        source: the file's path; None or "-" for standard input.
        data: how a CSV, and numbers in text, are written.

    Raises:
        CommandFailed: the file cannot be opened.
        InvalidData: it is not a table, names a column twice, or has no rows.
    """
    with _local(source) as path:
        cells, origin = read_cells(path, data)
        texts = {name: _texts(cells.column(name), data.decimal) for name in origin.columns}
        numbers = _numbers(path, origin, texts, cells.num_rows)
    present = np.zeros(cells.num_rows, dtype=bool)
    for column in texts.values():
        present |= read_texts(column, data.missing)[0].is_valid().to_numpy()
    if not present.any():
        raise InvalidData(f"{origin.name} has no rows")
    kept = pa.array(present)
    shown = {name: pc.fill_null(column.filter(kept), "") for name, column in texts.items()}
    return RowFile(
        cells=cells.filter(kept),
        # One chunk, from which rows are taken fast.
        texts=pa.table(shown).combine_chunks(),
        numbers=numbers[present].tolist(),
        source=origin,
        missing=data.missing,
    )


@contextmanager
def _local(source: str | None) -> Iterator[Path]:
    """The path of what is read. Standard input becomes a file for as long, since a table is read more than once."""
    if source not in (None, "-"):
        path = Path(source)
        try:
            path.open("rb").close()
        except OSError as error:
            raise CommandFailed(f"{source} cannot be read: {error.strerror}") from error
        yield path
        return
    with TemporaryDirectory(prefix="evergreen-") as folder:
        # Messages call a file by its name.
        path = Path(folder) / "standard input"
        with path.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        yield path


def _texts(cells: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    try:
        texts = texts_of_cells(cells)
        is_number = pa.types.is_floating(cells.type) or pa.types.is_decimal(cells.type)
        return pc.replace_substring(texts, ".", decimal) if is_number else texts
    except pa.ArrowException:
        # Lists and the like: no feature, but a cell that comes back.
        written = [None if cell is None else str(cell) for cell in cells.to_pylist()]
        return pa.chunked_array([pa.array(written, pa.large_string())])


def _numbers(path: Path, source: Source, texts: dict[str, pa.ChunkedArray], count: int) -> np.ndarray:
    """The line, or the row, that each row begins at in the file."""
    numbers = np.arange(count) + source.first
    if source.unit == "row":
        return numbers
    if source.first == 1:
        # Arrow passes over the empty lines of JSON.
        with open_unpacked(path, name=source.name) as stream:
            lines = [number for number, line in enumerate(stream, 1) if line.strip()]
        return np.array(lines) if len(lines) == count else numbers
    # Cells in quotation marks may go over several lines; so may the names of the columns.
    within = np.zeros(count, dtype=int)
    for column in texts.values():
        within += pc.count_substring(column, "\n").to_numpy()
    before = np.concatenate([[0], np.cumsum(within)[:-1]])
    return numbers + before + sum(name.count("\n") for name in texts)
