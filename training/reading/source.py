"""Where the rows of a table are in its files, so that a message can name the line."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from evergreen.feature_store.views import View
from training.reading.number_format import NumberFormat


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table's name, its columns, and its files.

    Attributes:
        name: name of the file, or of the folder that holds several files.
        columns: all columns of the table, including those that were not read.
        files: names of the files, in the order of their rows.
        starts: the position in the table of each file's first row.
        unit: how rows are counted in these files, "line" or "row".
        first: the number of a file's first row.
        numbers: how numbers are written in its texts.
        dates: the formats of dates in its texts, beside ISO 8601.
        padded: how many texts of a column had blanks around them, which were taken away.
        stored: the feature views that some columns were joined from.
        without: in how many rows nothing of a view was known, by its name.
        captured: whether the last files are of captured rows, which their prediction ids tell from the others.
    """

    name: str
    columns: tuple[str, ...]
    files: tuple[str, ...]
    starts: tuple[int, ...]
    unit: str
    first: int
    numbers: NumberFormat = field(default_factory=NumberFormat)
    dates: tuple[str, ...] = ()
    padded: Counter[str] = field(default_factory=Counter)
    stored: tuple[View, ...] = ()
    without: Mapping[str, int] = field(default_factory=dict)
    captured: bool = False

    @classmethod
    def of_csv(cls, name: str, columns: Iterable[str]) -> "Source":
        """The source of a table read whole from one CSV file."""
        return cls(name=name, columns=tuple(map(str, columns)), files=(name,), starts=(0,), unit="line", first=2)

    def place(self, row: int) -> str:
        """File and line of a row, given its position in the table as it was read."""
        file = bisect_right(self.starts, row) - 1
        return f"{self.files[file]} {self.unit} {row - self.starts[file] + self.first}"
