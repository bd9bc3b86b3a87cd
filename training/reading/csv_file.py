"""Reads CSV files with a header line, in batches, so that memory never holds a whole table as text."""

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

from evergreen.errors import InvalidData
from evergreen.settings.sections import DataSettings
from evergreen.settings.toml_text import text
from training.reading.compression import open_unpacked

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHER_FORMATS = {
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"%PDF": "a PDF",
}
# Bytes per batch. A row must fit in. A table with more than _WIDE columns gets more, so that a batch has many rows.
_BLOCK, _WIDE_BLOCK, _WIDE = 4 << 20, 32 << 20, 1000


def header(path: Path, *, name: str, data: DataSettings) -> list[str]:
    """The names of the columns.

    Raises:
        InvalidData: the file is empty or not a CSV, or a column has no name.
    """
    _check_format(path, name, data)
    try:
        with _open_text(path, name, data) as stream:
            names = next(csv.reader(stream, delimiter=data.delimiter), None)
    except UnicodeError as error:
        raise _wrong_encoding(path, name, data) from error
    except csv.Error as error:
        raise InvalidData(f"{name} cannot be read as CSV: its header line: {error}") from error
    if names is None:
        raise InvalidData(f"{name} is empty: it needs a header line and rows")
    if len(names) < 2:
        _check_delimiter("".join(names), name, data)
    if not all(each.strip() for each in names) or not names:
        place = next((number for number, each in enumerate(names, 1) if not each.strip()), 1)
        raise InvalidData(
            f"{name}: column {place} has no name in the header line. Name it, or remove it "
            "(pandas writes such a column for the index: save with index=False)"
        )
    return names


def read_all(path: Path, *, name: str, data: DataSettings) -> pa.Table:
    """All cells, each as the text that it is.

    Raises:
        InvalidData: as `header` and `batches`.
    """
    columns = header(path, name=name, data=data)
    schema = pa.schema([(column, pa.string()) for column in columns])
    return pa.Table.from_batches(batches(path, name=name, header=columns, columns=columns, data=data), schema)


def batches(
    path: Path, *, name: str, header: Sequence[str], columns: Collection[str], data: DataSettings
) -> Iterator[pa.RecordBatch]:
    """Rows in the order of the file: every cell as the text that it is. An empty line is a row of empty texts.

    Args:
        header: all columns, as the function `header` returns them.
        columns: the columns to read.

    Raises:
        InvalidData: the file is not a CSV in the encoding of `data`, or a row has more or fewer cells than the header.
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
        encoding=_plain(data.encoding),
    )
    parse = arrow_csv.ParseOptions(
        delimiter=data.delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=refuse
    )
    convert = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        include_columns=list(columns),
    )
    try:
        with open_unpacked(path, name=name) as stream:
            yield from arrow_csv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert)
    except UnicodeError as error:
        raise _wrong_encoding(path, name, data) from error
    except pa.ArrowInvalid as error:
        if wrong:
            row = wrong[0]
            raise InvalidData(
                f"{name} line {row.number}: has {row.actual_columns} cells where the header line has "
                f"{row.expected_columns}; a cell that holds {_called(data.delimiter)} needs quotation marks around it"
            ) from error
        if "UTF8" in str(error):
            raise _wrong_encoding(path, name, data) from error
        raise InvalidData(f"{name} cannot be read as CSV: {str(error).strip()}") from error
    _check_quotes(path, name, data)


@contextmanager
def _open_text(path: Path, name: str, data: DataSettings) -> Iterator[io.TextIOWrapper]:
    with open_unpacked(path, name=name) as stream:
        yield io.TextIOWrapper(stream, encoding=_with_mark(data.encoding), newline="")


def _plain(encoding: str) -> str:
    """Its name for Arrow, which passes over a byte order mark of UTF-8 itself, and is fastest if it need not recode."""
    return "utf8" if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else encoding


def _with_mark(encoding: str) -> str:
    return "utf-8-sig" if _plain(encoding) == "utf8" else encoding


def _called(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, repr(delimiter))


def _check_format(path: Path, name: str, data: DataSettings) -> None:
    with open_unpacked(path, name=name) as stream:
        start = stream.read(8192)
    if start.startswith(UTF_16) or codecs.lookup(data.encoding).name.startswith("utf-16"):
        if not codecs.lookup(data.encoding).name.startswith("utf-16"):
            raise InvalidData(f'{name} is text in UTF-16. Set [data] encoding = "utf-16" in model.toml')
        return
    kind = next((kind for magic, kind in _OTHER_FORMATS.items() if start.startswith(magic)), None)
    if kind or b"\0" in start:
        raise InvalidData(
            f"{name} is neither CSV, JSON lines, Parquet nor Excel: it seems to be {kind or 'binary'}. Save it as CSV "
            "in UTF-8, or Parquet"
        )


def _check_delimiter(only: str, name: str, data: DataSettings) -> None:
    for delimiter, called in DELIMITERS.items():
        if delimiter != data.delimiter and delimiter in only:
            raise InvalidData(
                f"{name}: the header line has no {_called(data.delimiter).removeprefix('a ')} but {called}, which "
                f"seems to be the delimiter; set [data] delimiter = {text(delimiter)} in model.toml"
            )


def _wrong_encoding(path: Path, name: str, data: DataSettings) -> InvalidData:
    """An error that names the first line that cannot be decoded, and shows its text read as Latin-1."""
    with open_unpacked(path, name=name) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(data.encoding)
            except UnicodeDecodeError as error:
                word = line[max(error.start - 10, 0) : error.start + 10].decode("cp1252", "replace").strip()
                return InvalidData(
                    f"{name} cannot be read in {data.encoding.upper()}: line {number} is in another encoding, near "
                    f'{word!r} if it is Windows-1252. If that reads well, set [data] encoding = "cp1252" in model.toml'
                )
    return InvalidData(f"{name} cannot be read in {data.encoding.upper()}")


def _check_quotes(path: Path, name: str, data: DataSettings) -> None:
    """Refuse a quotation mark that is never closed: Arrow would read the rest of the file as one cell."""
    odd, mark = False, '"'.encode(data.encoding.replace("utf-16", "utf-16-le"))
    with open_unpacked(path, name=name) as stream:
        while block := stream.read(1 << 20):
            odd ^= bool(block.count(mark) % 2)
    if not odd:
        return
    with _open_text(path, name, data) as stream_of_text:
        rows = csv.reader(stream_of_text, delimiter=data.delimiter, strict=True)
        last = 1
        try:
            for _ in rows:
                last = rows.line_num + 1
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "field larger" in str(error):
                raise InvalidData(f"{name} line {last}: a quotation mark is opened and never closed") from error
