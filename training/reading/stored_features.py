"""What a feature store gives to the rows of a table: each row gets the features as they were known at its moment."""

import tempfile
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import InvalidData
from evergreen.feature_store.described import HISTORIES, read_description
from evergreen.feature_store.views import FeatureService
from evergreen.number_text import counted
from evergreen.settings.sections import ModelSettings
from training import feast_process
from training.reading.columns import is_number, texts_of
from training.reading.dates import is_date, parse, seconds_of
from training.reading.source import Source
from training.reading.typed_columns import column_of

_MOMENT = "event_timestamp"
_JOINED = "joined.parquet"


@dataclass(frozen=True, kw_only=True)
class StoredFeatures:
    """A feature service, and where it is.

    Attributes:
        definitions: the folder of Feast's definitions.
        data: the folder of the views' histories.
    """

    service: FeatureService
    definitions: Path
    data: Path

    @classmethod
    def of_settings(
        cls, settings: ModelSettings, definitions: Path, *, data: Path | None = None
    ) -> "StoredFeatures | None":
        """What model.toml asks for; None if it asks for nothing.

        Raises:
            InvalidFeatures: the definitions are not described, or have changed since.
        """
        if not settings.features.service:
            return None
        service = read_description(definitions, settings.features.service)
        return cls(service=service, definitions=definitions, data=data or definitions / HISTORIES)

    def needed(self, settings: ModelSettings) -> set[str]:
        """The columns of the table that the join needs."""
        return {settings.row_time, *(key.name for key in self.service.keys)}

    def join(self, frame: pd.DataFrame, source: Source, settings: ModelSettings) -> tuple[pd.DataFrame, Source]:
        """The table with a column for each feature of the service; in a row of which nothing was known at its moment,
        they are missing. What the model does not read of the join's own columns is left out.

        Raises:
            InvalidData: the table lacks a join key or the column of moments, or has a column of a feature's name; or a
                row has no moment.
            InvalidFeatures: Feast cannot join: the message is that of the process.
        """
        self.check(source.columns, settings, file=source.name)
        moments = _moments(frame[settings.row_time], source)
        rows = {key.name: _key(frame[key.name]) for key in self.service.keys}
        rows[_MOMENT] = pa.array(moments, type=pa.timestamp("us", "UTC"))
        with tempfile.TemporaryDirectory() as folder:
            asked, answer = Path(folder, "rows.parquet"), Path(folder, _JOINED)
            pq.write_table(pa.table(rows), asked)
            print(f"Feast joins {counted(len(frame), 'row')} with the features of {self.service.name}", flush=True)
            feast_process.run(
                "join",
                *("--definitions", str(self.definitions), "--data", str(self.data)),
                *("--service", self.service.name, "--rows", str(asked), "--output", str(answer)),
            )
            found = pq.read_table(answer)
        given = {
            name: column_of([(_JOINED, found[name])], name, as_text=False, missing=(), padded=Counter()).set_axis(
                frame.index
            )
            for name in found.column_names
        }
        kept = {name: column for name, column in frame.items() if name not in settings.unread}
        without = {
            view.name: int(pd.concat([given[each.name].isna() for each in view.features], axis=1).all(axis=1).sum())
            for view in self.service.views
        }
        joined = replace(
            source,
            columns=(*source.columns, *given),
            stored=self.service.views,
            without={name: count for name, count in without.items() if count},
        )
        return pd.DataFrame({**kept, **given}, copy=False), joined

    @property
    def names(self) -> list[str]:
        """Of the features."""
        return [feature.name for view in self.service.views for feature in view.features]

    def check(self, columns: Collection[str], settings: ModelSettings, *, file: str) -> None:
        """Hold the columns of a table against what the join needs and gives.

        Raises:
            InvalidData: a join key or the column of moments is missing, or a column has the name of a feature.
        """
        if missing := sorted(self.needed(settings) - set(columns)):
            raise InvalidData(
                f"{file} has no column {', '.join(map(repr, missing))}: the features of {self.service.name!r} come by "
                f"{', '.join(sorted(self.needed(settings)))}; it has: {', '.join(columns)}"
            )
        if twice := [name for name in self.names if name in columns]:
            raise InvalidData(
                f"{file} has the column {', '.join(map(repr, twice))}, and so has the feature service "
                f"{self.service.name!r}: take it out of one of the two, or call it otherwise"
            )


def _moments(column: pd.Series, source: Source) -> list[int]:
    """Microseconds since 1970 of each row; without a time zone, in UTC."""
    if is_date(column):
        seconds = seconds_of(column)
    elif is_number(column):
        raise InvalidData(
            f"{source.name}: [features] time names {column.name!r}, a column of numbers; it should have dates"
        )
    else:
        seconds = parse(texts_of(column), source.dates).seconds
    unknown = pd.isna(seconds)
    if unknown.any():
        first = int(unknown.argmax())
        raise InvalidData(
            f"{source.place(int(column.index[first]))}: column {column.name!r} has {column.iloc[first]!r}, and a row "
            f"gets its stored features by its moment ({int(unknown.sum())} such rows). Correct the rows, or name their "
            "format in [data] date_formats"
        )
    return [round(each * 1e6) for each in seconds.tolist()]


def _key(column: pd.Series) -> pa.Array:
    if not is_number(column):
        return pa.array(texts_of(column).to_pylist(), type=pa.string())
    values = column.to_numpy()
    whole = all(value != value or value.is_integer() for value in values.tolist()) if values.dtype.kind == "f" else True
    return pa.array(values, type=pa.int64() if whole else pa.float64(), from_pandas=True, safe=True)
