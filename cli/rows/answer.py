"""Writes a CSV of answers: in the way of the file that was asked about, so that it can be read as that was."""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.rows.file import RowFile
from evergreen.errors import CommandFailed
from evergreen.number_text import counted
from evergreen.settings.sections import DataSettings

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Write = Callable[[Iterable[Any]], None]


@contextmanager
def csv_output(path: Path | None, data: DataSettings, *, spreadsheet: bool = False) -> Iterator[Write]:
    """A function that writes a row: text as it is, numbers with the decimal sign of `data`.

    Args:
        path: of the file, which is there only once it is whole; None for standard output.
        spreadsheet: whether text that a spreadsheet would run as a formula gets an apostrophe.

    Raises:
        CommandFailed: a text cannot be written in the encoding of `data`.
    """
    if path is None:
        yield _writer(sys.stdout, data, spreadsheet)
        return
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("w", newline="", encoding=data.encoding) as stream:
            yield _writer(stream, data, spreadsheet)
    except UnicodeEncodeError as error:
        raise CommandFailed(f"{path} cannot be written in {data.encoding}: {error}") from error
    unfinished.replace(path)


def require_free(header: Sequence[str], added: Sequence[str], *, file: str) -> None:
    """
    Raises:
        CommandFailed: the file has a column of a name that the answer adds.
    """
    taken = [name for name in added if name in header]
    if taken:
        raise CommandFailed(
            f"{file} has a column {', '.join(map(repr, taken))}, which is added to its columns: give yours another name"
        )


@contextmanager
def refused_output(
    path: Path | None, rows: RowFile, refused: dict[int, str], data: DataSettings, *, spreadsheet: bool = False
) -> Iterator[None]:
    """Writes the rows that were refused in the context, in the order of the file: the line, the reason, the cells.

    Args:
        path: None if they are not to be written.
        refused: the reason of each by its position, filled in the context.

    Raises:
        CommandFailed: the file has columns of the names that are added.
    """
    if path is None:
        yield
        return
    added = [rows.source.unit, "reason"]
    require_free(rows.header, added, file=rows.source.name)
    with csv_output(path, data, spreadsheet=spreadsheet) as write:
        write([*added, *rows.header])
        try:
            yield
        finally:
            positions = sorted(refused)
            for row, cells in zip(positions, rows.rows(positions), strict=True):
                write([rows.numbers[row], refused[row], *cells])


def complain(rows: RowFile, refused: dict[int, str], done: str, *, of: int, file: Path | None) -> None:
    """End the command if rows were refused.

    Args:
        done: what was not done with them, such as "predicted".
        of: how many rows there were.
        file: where they are written.

    Raises:
        CommandFailed: names their number, and the first of them.
    """
    if not refused:
        return
    first = min(refused)
    if len(refused) == of:
        said = f"none of {counted(of, 'row')} was {done}"
    else:
        said = f"{counted(len(refused), 'row')} {'was' if len(refused) == 1 else 'were'} not {done}"
    where = f"All are in {file}" if file else "--rejected FILE writes all of them"
    raise CommandFailed(f"{said}; the first: {rows.place(first)}: {refused[first]}. {where}")


def _writer(stream: Any, data: DataSettings, spreadsheet: bool) -> Write:
    # The writer leaves a carriage return in a cell without quotation marks, where a spreadsheet sees the end of a row.
    writer = csv.writer(
        stream,
        delimiter=data.delimiter,
        lineterminator="\n",
        quoting=csv.QUOTE_ALL if spreadsheet else csv.QUOTE_MINIMAL,
    )

    def cell(value: Any) -> str:
        if isinstance(value, float | int):
            return str(value).replace(".", data.decimal)
        if spreadsheet and value.startswith(_FORMULA) and not _is_number(value, data):
            return f"'{value}"
        return str(value)

    def write(row: Iterable[Any]) -> None:
        writer.writerow(map(cell, row))

    return write


def _is_number(text: str, data: DataSettings) -> bool:
    plain = text.replace(data.thousands, "") if data.thousands else text
    try:
        float(plain.replace(data.decimal, "."))
    except ValueError:
        return False
    return True
