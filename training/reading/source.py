"""Where the rows of a table stand: what a message needs to send its reader to the right line."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table's name, its columns, and its files.

    Attributes:
        name: of the file, or of the folder that holds several.
        columns: all of the table, also those that were not read.
        files: their names, in the order of their rows.
        starts: the position in the table of each file's first row.
        unit: how rows are counted in these files, "line" or "row".
        first: the number of a file's first row.
    """

    name: str
    columns: tuple[str, ...]
    files: tuple[str, ...]
    starts: tuple[int, ...]
    unit: str
    first: int

    @classmethod
    def of_csv(cls, name: str, columns: Iterable[str]) -> "Source":
        """One CSV file, all of whose columns were read."""
        return cls(name=name, columns=tuple(map(str, columns)), files=(name,), starts=(0,), unit="line", first=2)

    def place(self, row: int) -> str:
        """File and line of a row, which is given by its position in the table as it was read."""
        file = bisect_right(self.starts, row) - 1
        return f"{self.files[file]} {self.unit} {row - self.starts[file] + self.first}"
