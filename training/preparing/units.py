"""What is known of how rows depend on each other: their order in time, and their groups."""

import numpy as np
import pandas as pd

from evergreen.errors import InvalidData
from evergreen.judging.dependence import Units
from training.reading.source import Source

# The names of their columns in Prepare's files. No feature of a table can have them.
MOMENT, GROUP = "(moment)", "(group)"


def numbered(moments: np.ndarray | None, group: pd.Series | None, *, source: Source) -> Units:
    """Units of all rows of a table, as small whole numbers.

    Args:
        moments: numbers that sort by time; None if the rows have no order.
        group: the column of the groups, as it was read; None if the rows have none.

    Raises:
        InvalidData: a row has no group.
    """
    if group is not None and group.isna().any():
        raise InvalidData(
            f"{source.place(group.isna().idxmax())}: column {group.name!r} is empty; [data] group needs it in every row"
        )
    return Units(
        moments=None if moments is None else np.unique(moments, return_inverse=True)[1],
        groups=None if group is None else pd.factorize(group)[0],
    )


def as_columns(rows: pd.DataFrame, units: Units) -> pd.DataFrame:
    """The rows with their units beside them."""
    known = {name: unit for name, unit in ((MOMENT, units.moments), (GROUP, units.groups)) if unit is not None}
    return pd.DataFrame({**{name: rows[name] for name in rows}, **known}, copy=False)


def from_columns(table: pd.DataFrame) -> tuple[pd.DataFrame, Units]:
    """The rows without their units, and the units."""
    moments, groups = (table[name].to_numpy() if name in table else None for name in (MOMENT, GROUP))
    # DataFrame.drop would copy all other columns.
    rows = pd.DataFrame({name: table[name] for name in table if name not in (MOMENT, GROUP)}, copy=False)
    return rows, Units(moments=moments, groups=groups)
