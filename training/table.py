"""Reads a table and decides what each column is. A cell that does not fit is named by its line."""

from pathlib import Path

import pandas as pd

from evergreen.errors import InvalidData

# scikit-learn's histogram gradient boosting takes no more categories in one column.
MAX_CATEGORIES = 255


def read_table(path: Path) -> pd.DataFrame:
    """A CSV with a header line, every cell as text, a missing cell as missing.

    The index counts lines, empty ones included, so that index + 2 is a row's line in the file.

    Raises:
        InvalidData: the file is empty, has no rows, or is not CSV.
    """
    try:
        table = pd.read_csv(path, dtype=str, encoding="utf-8", skip_blank_lines=False)
    except pd.errors.EmptyDataError as error:
        raise InvalidData(f"{path.name} is empty: it needs a header line and rows") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InvalidData(f"{path.name} cannot be read as CSV in UTF-8: {str(error).strip()}") from error
    rows = table.dropna(how="all")
    if rows.empty:
        raise InvalidData(f"{path.name} has a header line but no rows")
    return rows


def require_columns(table: pd.DataFrame, names: list[str], *, file: str) -> None:
    """
    Raises:
        InvalidData: a column that model.toml names is not in the table.
    """
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise InvalidData(
            f"{file} has no column {', '.join(map(repr, missing))}, which model.toml names; "
            f"it has: {', '.join(map(str, table.columns))}"
        )


def numbers(column: pd.Series, *, file: str) -> pd.Series:
    """A column of text as float64, missing cells as NaN.

    Raises:
        InvalidData: a cell is not a finite number.
    """
    parsed = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = column.notna() & ~parsed.abs().lt(float("inf"))
    if wrong.any():
        row = wrong.idxmax()
        raise InvalidData(
            f"{file} line {row + 2}: column {column.name!r} has {column[row]!r} where a number belongs"
            f" ({int(wrong.sum())} such rows). Correct the rows, or leave the column out in model.toml"
        )
    return parsed


def typed(column: pd.Series, *, file: str) -> pd.Series:
    """A column of text as float64 if it holds numbers, else as text.

    A column in which most cells are numbers is taken for one with mistakes in it, not for a category.

    Raises:
        InvalidData: mostly numbers, but not all; wholly empty; or too many different texts for a category.
    """
    present = column.dropna()
    if present.empty:
        raise InvalidData(f"{file}: column {column.name!r} is empty; leave it out in model.toml")
    share = pd.to_numeric(present, errors="coerce").notna().mean()
    if share > 0.5:
        return numbers(column, file=file)
    distinct = present.nunique()
    if distinct > MAX_CATEGORIES:
        raise InvalidData(
            f"{file}: column {column.name!r} has {distinct} different texts, a category may have {MAX_CATEGORIES}; "
            "leave it out in model.toml"
        )
    return column
