"""Writes Excel workbooks by hand, with what a test needs of the format."""

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import pandas as pd

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
# Cells of style 1 are dates.
_STYLES = f"""<styleSheet {_MAIN}><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>"""


_VISIBLE = {True: "visible", False: "hidden"}


@dataclass(frozen=True)
class Xml:
    """A cell as its attributes, and what it holds: an error, or a formula."""

    attributes: str
    content: str


DIVISION = Xml('t="e"', "<f>1/0</f><v>#DIV/0!</v>")
NOT_AVAILABLE = Xml('t="e"', "<v>#N/A</v>")
Rows = Mapping[int, Sequence[object]]


def write(
    path: Path, sheets: Mapping[str, Rows], *, hidden: Sequence[str] = (), merged: str = "", extent: str = "A1"
) -> Path:
    """A workbook with these sheets, each a list of cells by the number of its row; None is no cell."""
    names = list(sheets)
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}" state="{_VISIBLE[name not in hidden]}"/>'
        for number, name in enumerate(names, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, len(names) + 1)
    )
    styles = f'<Relationship Id="styles" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            f'<Relationships {_PACKAGE}><Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {_MAIN} xmlns:r="{_RELATIONS}"><workbookPr/><sheets>{entries}</sheets></workbook>',
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships {_PACKAGE}>{relations}{styles}</Relationships>")
        archive.writestr("xl/styles.xml", _STYLES)
        for number, rows in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows, merged, extent))
    return path


def rows_of(frame: pd.DataFrame) -> dict[int, list[object]]:
    """The rows of a sheet that holds a table: the names of its columns in row 1."""
    rows = [list(frame.columns), *frame.astype(object).where(frame.notna(), None).to_numpy().tolist()]
    return dict(enumerate(rows, 1))


def _sheet(rows: Rows, merged: str, extent: str) -> str:
    written = "".join(
        f'<row r="{number}">{"".join(_cell(cell, column, number) for column, cell in enumerate(cells))}</row>'
        for number, cells in rows.items()
    )
    merge = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f'<worksheet {_MAIN}><dimension ref="{extent}"/><sheetData>{written}</sheetData>{merge}</worksheet>'


def _cell(cell: object, column: int, row: int) -> str:
    place = f'r="{chr(ord("A") + column)}{row}"'
    if cell is None:
        return ""
    if isinstance(cell, Xml):
        return f"<c {place} {cell.attributes}>{cell.content}</c>"
    if isinstance(cell, bool):
        return f'<c {place} t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, datetime.datetime):
        days = (cell - datetime.datetime(1899, 12, 30)) / datetime.timedelta(days=1)
        return f'<c {place} s="1"><v>{days!r}</v></c>'
    if isinstance(cell, str):
        return f'<c {place} t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f"<c {place}><v>{cell!r}</v></c>"
