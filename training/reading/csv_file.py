"""Reads CSV files in UTF-8 with a header line, in batches, so that memory never holds a whole table as text."""

import csv
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

from evergreen.errors import InvalidData

# Texts of a missing cell: those of pandas.
_MISSING = [
    *["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"],
    *["NULL", "NaN", "None", "n/a", "nan", "null"],
]
_DELIMITERS = {";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x1f\x8b": "compressed by gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
# Bytes per batch. A row must fit in. A table with more than _WIDE columns gets more, so that a batch has many rows.
_BLOCK, _WIDE_BLOCK, _WIDE = 4 << 20, 32 << 20, 1000


def header(path: Path, *, name: str) -> list[str]:
    """The names of the columns.

    Raises:
        InvalidData: the file is empty or not a CSV, or a column has no name.
    """
    _check_format(path, name)
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            names = next(csv.reader(stream), None)
    except UnicodeDecodeError as error:
        raise _wrong_encoding(path, name) from error
    except csv.Error as error:
        raise InvalidData(f"{name} cannot be read as CSV: its header line: {error}") from error
    if names is None:
        raise InvalidData(f"{name} is empty: it needs a header line and rows")
    if len(names) < 2:
        _check_delimiter("".join(names), name)
    if not all(each.strip() for each in names) or not names:
        place = next((number for number, each in enumerate(names, 1) if not each.strip()), 1)
        raise InvalidData(
            f"{name}: column {place} has no name in the header line. Name it, or remove it "
            "(pandas writes such a column for the index: save with index=False)"
        )
    return names


def batches(path: Path, *, name: str, header: Sequence[str], columns: Collection[str]) -> Iterator[pa.RecordBatch]:
    """Rows in the order of the file: every cell as text, a missing cell as null, an empty line as a row of nulls.

    Args:
        header: all columns, as the function `header` returns them.
        columns: the columns to read.

    Raises:
        InvalidData: the file is not a CSV in UTF-8, or a row has more or fewer cells than the header.
    """
    wrong: list[arrow_csv.InvalidRow] = []

    def refuse(row: arrow_csv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    read = arrow_csv.ReadOptions(
        column_names=list(header),
        skip_rows_after_names=1,
        # With threads, Arrow does not know the line number of a wrong row.
        use_threads=False,
        block_size=_WIDE_BLOCK if len(header) > _WIDE else _BLOCK,
    )
    parse = arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=refuse)
    convert = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        include_columns=list(columns),
        strings_can_be_null=True,
        null_values=_MISSING,
    )
    try:
        yield from arrow_csv.open_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        if wrong:
            row = wrong[0]
            raise InvalidData(
                f"{name} line {row.number}: has {row.actual_columns} cells where the header line has "
                f"{row.expected_columns}; a cell that holds a comma needs quotation marks around it"
            ) from error
        if "UTF8" in str(error):
            raise _wrong_encoding(path, name) from error
        raise InvalidData(f"{name} cannot be read as CSV: {str(error).strip()}") from error
    _check_quotes(path, name)


def _check_format(path: Path, name: str) -> None:
    with path.open("rb") as stream:
        start = stream.read(8192)
    kind = next((kind for magic, kind in _OTHER_FORMATS.items() if start.startswith(magic)), None)
    if kind or b"\0" in start:
        raise InvalidData(
            f"{name} is neither CSV nor Parquet: it seems to be {kind or 'binary'}. Save it as CSV in UTF-8, or Parquet"
        )


def _check_delimiter(only: str, name: str) -> None:
    for delimiter, called in _DELIMITERS.items():
        if delimiter in only:
            raise InvalidData(
                f"{name}: the header line has no comma but {called}, which seems to be the delimiter; save the file "
                "with a comma between the cells"
            )


def _wrong_encoding(path: Path, name: str) -> InvalidData:
    """An error that names the first line that is not UTF-8, and shows its text read as Latin-1."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                word = line[max(error.start - 10, 0) : error.start + 10].decode("latin-1").strip()
                return InvalidData(
                    f"{name} cannot be read as CSV in UTF-8: line {number} is in another encoding, near {word!r} if it "
                    "is Latin-1 (Windows-1252). Save the file as UTF-8"
                )
    return InvalidData(f"{name} cannot be read as CSV in UTF-8")


def _check_quotes(path: Path, name: str) -> None:
    """Refuse a quotation mark that is never closed: Arrow would read the rest of the file as one cell."""
    odd = False
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            odd ^= bool(block.count(b'"') % 2)
    if not odd:
        return
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.reader(stream, strict=True)
        last = 1
        try:
            for _ in rows:
                last = rows.line_num + 1
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "field larger" in str(error):
                raise InvalidData(f"{name} line {last}: a quotation mark is opened and never closed") from error
