"""The history that the demo's feature store reads: each city's market by month, from the demo's own tables."""

from pathlib import Path

import pandas as pd

_MONTHS_A_YEAR = 12


def write_history(table: Path, file: Path) -> None:
    """Write the history of a table as Parquet.

    Args:
        table: a CSV file such as data/texas_2000_2006.csv.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    history(pd.read_csv(table)).to_parquet(file, index=False)


def history(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each city and month that the table has.

    The figures of a month are known when it is over: `event_timestamp` and `created` are the first day of the next
    month, in UTC.

    Args:
        table: the columns city, year, month, sales, listings, inventory and median.
    """
    months = table["year"] * _MONTHS_A_YEAR + table["month"] - 1
    by_city = table.assign(number=months).groupby("city", sort=True)
    rows = pd.concat([_of_a_city(rows) for _, rows in by_city], ignore_index=True)
    known = pd.to_datetime({"year": rows["year"], "month": rows["month"], "day": 1}, utc=True) + pd.DateOffset(months=1)
    known = known.astype("datetime64[us, UTC]")
    whole = ["year", "month", "sales", "listings"]
    return rows.astype(dict.fromkeys(whole, "Int64")).assign(event_timestamp=known, created=known)


def _of_a_city(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.set_index("number").sort_index()
    # Months that the table lacks count as unknown: without them, twelve rows would be more than a year.
    every = rows.reindex(range(rows.index[0], rows.index[-1] + 1))
    computed = pd.DataFrame(
        {
            **{column: rows[column] for column in ("city", "year", "month", "sales", "listings", "inventory")},
            "sales_3m": _mean(every["sales"], 3),
            "sales_12m": _mean(every["sales"], _MONTHS_A_YEAR),
            "median_change_12m": every["median"] / every["median"].shift(_MONTHS_A_YEAR) - 1,
        }
    )
    return computed.loc[rows.index]


def _mean(column: "pd.Series[float]", months: int) -> "pd.Series[float]":
    """Of the months up to each, where two thirds of them are known."""
    return column.rolling(months, min_periods=months * 2 // 3).mean()
