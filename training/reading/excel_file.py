"""Reads a sheet of an Excel workbook (.xlsx): every cell as the text that a CSV of the sheet would have."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pyarrow as pa

from evergreen.contract.cells import FALSE, TRUE
from evergreen.errors import InvalidData
from evergreen.number_text import number
from evergreen.settings.sections import DataSettings

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A sheet has no more rows.
_MOST_ROWS = 1_048_576
# From here on, whole numbers are written with an exponent, as pandas does in a CSV.
_LONG = 1e16
# Bytes of a sheet that are looked through at a time.
_BLOCK = 4 << 20
# Cells of a sheet, empty ones too, which the library holds in 32 bytes each.
_MOST_CELLS = 100_000_000
_EXTENT = re.compile(rb'<(?:\w+:)?dimension\s+ref="[A-Z]+[0-9]+:([A-Z]+)([0-9]+)"')
_CELL = re.compile(rb"<(?:\w+:)?c\s([^<>]*[^<>/])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]+)([0-9]+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]+)<")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")


def is_excel(path: Path) -> bool:
    """Whether it is a workbook of any version of Excel, of which `read_all` reads .xlsx and .xlsm."""
    with path.open("rb") as stream:
        start = stream.read(len(_ZIP))
    if start != _ZIP:
        return start == _OLE
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return False
    return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def sheets(path: Path, *, name: str) -> list[str]:
    """The names of the sheets that can be seen and have cells, not a chart. The first one is read unless one is named.

    Raises:
        InvalidData: the file is no workbook that can be read, or has no such sheet.
    """
    with _open(path, name) as book:
        return _visible(book, name)


def read_all(path: Path, *, name: str, data: DataSettings) -> pa.Table:
    """All cells below the names of the columns, of the sheet that `data` names or of the first one; null if empty.

    A number has the decimal sign of `data`, a date is in ISO 8601, and an error is what Excel shows, such as #DIV/0!.

    Raises:
        InvalidData: the file is no workbook that can be read, it lacks the sheet, the first row does not name the
            columns, cells are merged, the sheet is full or too large, or a formula has no value.
    """
    with _open(path, name) as book:
        chosen = _chosen(book, name, data.sheet)
        where = f"{name}: the sheet {chosen!r}"
        _check_extent(path, chosen, where)
        sheet = book.get_sheet_by_name(chosen)
        _check_form(sheet, where)
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
        for row, place, error in _errors(path, chosen, where):
            rows[row][place] = error
    columns = [[_text(cell, data.decimal) for cell in column] for column in zip(*rows, strict=True)]
    named = {place: column for place, column in enumerate(columns) if any(cell is not None for cell in column)}
    if not named:
        raise InvalidData(
            f"{where} is empty: it needs the names of the columns in row 1, and rows. To read another sheet, name it "
            "in [data] sheet in model.toml"
        )
    for place, column in named.items():
        if not (column[0] or "").strip():
            raise InvalidData(
                f"{where}: cell {_letters(place)}1 is empty, where the name of a column belongs. Name the column, or "
                "delete it; if the names stand in a lower row, delete the rows above them"
            )
    cells = [pa.array(column[1:], pa.string()) for column in named.values()]
    return pa.Table.from_arrays(cells, names=[str(column[0]) for column in named.values()])


@contextmanager
def _open(path: Path, name: str) -> Iterator["CalamineWorkbook"]:
    # Not at the top: a table of another format needs no library for Excel.
    from python_calamine import CalamineError, CalamineWorkbook

    _check_version(path, name)
    try:
        # Of a path, the library would go by the ending.
        with path.open("rb") as stream, CalamineWorkbook.from_filelike(stream) as book:
            yield book
    except (CalamineError, ElementTree.ParseError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidData(f"{name} is an Excel workbook that cannot be read: {error}") from error


def _check_version(path: Path, name: str) -> None:
    remedy = "Save it as .xlsx, CSV in UTF-8 or Parquet"
    if not zipfile.is_zipfile(path):
        # The encrypted workbook is a stream of this name.
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise InvalidData(f"{name} is an encrypted Excel workbook. Save it without a password")
        raise InvalidData(f"{name} is an Excel workbook of the format before 2007 (.xls), or no workbook. {remedy}")
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise InvalidData(f"{name} is a binary Excel workbook (.xlsb). {remedy}")


def _visible(book: "CalamineWorkbook", name: str) -> list[str]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    found = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    if not found:
        raise InvalidData(f"{name} is an Excel workbook in which no sheet with cells can be seen. Show the sheet")
    return found


def _chosen(book: "CalamineWorkbook", name: str, sheet: str) -> str:
    visible = _visible(book, name)
    if sheet and sheet not in book.sheet_names:
        raise InvalidData(
            f"{name} has no sheet {sheet!r}, which [data] sheet names; it has: {', '.join(map(repr, visible))}"
        )
    return sheet or visible[0]


def _check_extent(path: Path, sheet: str, where: str) -> None:
    """Refuse a cell so far out that the empty ones before it would fill the memory."""
    if extent := _EXTENT.search(next(_blocks(path, sheet))):
        cells = (_column(extent[1]) + 1) * int(extent[2])
        if cells > _MOST_CELLS:
            raise InvalidData(
                f"{where} has cells up to {(extent[1] + extent[2]).decode()}, which makes {number(cells)} with the "
                f"empty ones, more than {number(_MOST_CELLS)}. Delete the columns and the rows beyond the table, or "
                "save it as Parquet"
            )


def _check_form(sheet: "CalamineSheet", where: str) -> None:
    if sheet.end and sheet.end[0] + 1 >= _MOST_ROWS:
        raise InvalidData(
            f"{where} is filled to the last row that Excel has, {number(_MOST_ROWS)}; the rows beyond may be lost. "
            "Save the table as CSV in UTF-8 or Parquet where it comes from"
        )
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        raise InvalidData(
            f"{where}: the cells {_letters(left)}{top + 1}:{_letters(right)}{bottom + 1} are merged, so that only the "
            "first has a value. Unmerge them, and fill in each"
        )


def _errors(path: Path, sheet: str, where: str) -> Iterator[tuple[int, int, str]]:
    """Row, column and text of each error, such as #N/A, which the library does not tell from an empty cell.

    Raises:
        InvalidData: a formula has no value.
    """
    for block in _blocks(path, sheet):
        if b't="e"' not in block and not _FORMULA.search(block):
            continue
        for attributes, content in _CELL.findall(block):
            place, value = _PLACE.search(attributes), _VALUE.search(content)
            if place is None:
                continue
            if value is None and b't="' not in attributes and _FORMULA.search(content):
                raise InvalidData(
                    f"{where}: cell {(place[1] + place[2]).decode()} has a formula that was never computed. Open the "
                    "workbook in Excel or LibreOffice, and save it"
                )
            if value and b't="e"' in attributes:
                yield int(place[2]) - 1, _column(place[1]), value[1].decode()


def _blocks(path: Path, sheet: str) -> Iterator[bytes]:
    """The XML of a sheet, cut between rows.

    Raises:
        KeyError: the archive lacks a file.
    """
    with zipfile.ZipFile(path) as archive, archive.open(_part(archive, sheet)) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            rows, cut, rest = (rest + block).rpartition(b"row>")
            yield rows + cut
        yield rest


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The archive's file that holds a sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    (entry,) = (each for each in book.iter() if each.tag.endswith("}sheet") and each.get("name") == sheet)
    identity = next(value for key, value in entry.items() if key.endswith("}id"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    target = next(each.get("Target", "") for each in relations if each.get("Id") == identity)
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _text(cell: Any, decimal: str) -> str | None:
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return TRUE if cell else FALSE
    if isinstance(cell, float):
        # Excel has no type of whole numbers.
        return str(int(cell)) if cell.is_integer() and abs(cell) < _LONG else repr(cell).replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _letters(column: int) -> str:
    """The letters of a column, counted from 0: A, B, ..., Z, AA."""
    more, last = divmod(column, 26)
    return (_letters(more - 1) if more else "") + chr(ord("A") + last)


def _column(letters: bytes) -> int:
    """What `_letters` made the letters of."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place - 1
