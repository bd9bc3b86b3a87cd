"""[data] and [split]: the table, and which of its rows are kept for judging."""

from dataclasses import dataclass, field

from evergreen.contract.cells import MISSING
from evergreen.settings.sections.field import says

THOUSANDS = ("", ",", ".", "'", " ")
COLUMN_TYPES = ("number", "category", "date")

TIME, GROUP, ORDER, RANDOM = "time", "group", "order", "random"
SPLITS = (TIME, GROUP, ORDER, RANDOM)
# These have a column.
SPLITS_BY = (TIME, GROUP)


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """The table: a file of CSV, JSON lines, Parquet or Excel, or a folder of them; gzip and zip are unpacked."""

    path: str = field(metadata=says("The file or folder, from model.toml's own folder."))
    target: str = field(metadata=says("The column to predict."))
    leave_out: list[str] = field(default_factory=list, metadata=says("Columns that the model must not see."))
    group: str = field(
        default="",
        metadata=says(
            "A column whose equal values belong together, such as a customer, a device or a place: rows of one group "
            "are not taken as independent. Without it, the column of a split by group."
        ),
    )
    weight: str = field(
        default="",
        metadata=says(
            "A column of numbers, none below 0, by which rows weigh in the fit of the estimator. It is no feature. "
            "Preprocessing and metrics count each row once."
        ),
    )
    sheet: str = field(
        default="",
        metadata=says("The sheet of an Excel workbook (.xlsx). Without it, the first one that is not hidden."),
    )
    delimiter: str = field(default=",", metadata=says("What stands between two cells of a CSV file."))
    decimal: str = field(default=".", metadata=says("The decimal sign of numbers in text.", (".", ",")))
    thousands: str = field(
        default="", metadata=says("What stands between the thousands of numbers in text.", THOUSANDS)
    )
    date_formats: list[str] = field(
        default_factory=list,
        metadata=says(
            "Formats of dates in the table that are not ISO 8601, as Python's strptime has them, such as `%d/%m/%Y`. "
            "Requests always have ISO 8601."
        ),
    )
    encoding: str = field(default="utf-8", metadata=says("That of a CSV file, by Python's name, such as `cp1252`."))
    missing: list[str] = field(
        default_factory=lambda: list(MISSING),
        metadata=says("Texts that mean a missing value, in the table, in files of rows and in requests."),
    )
    longest_text: int = field(
        default=1000,
        metadata=says(
            "Characters of a text in a request; more only where training knew a longer text. Part of the contract."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """Which rows are kept for judging, and never fitted to. A copy of a row that is fitted to is not judged on. Where
    few different rows can be, as in a questionnaire, equal ones are observations by themselves, and stay.
    """

    type: str = field(
        default=TIME,
        metadata=says(
            "`time`: the last rows by the column `by`. `group`: whole groups of equal `by`. `order`: the last rows as "
            "they stand, for a table whose rows are in the order of time, the newest last, and no column says so; the "
            "files of a folder come in the order of their names, where 10 stands before 2. `random`: rows by a hash of "
            "their content, so that a row's side never changes.",
            SPLITS,
        ),
    )
    by: str = field(default="", metadata=says("The column of `time` or `group`."))
    holdout: float = field(default=0.2, metadata=says("Share of the rows that is kept for judging."))
