"""The files that views have their history in: where they are found, and whether they hold what the views say."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.views import FeatureService, Source, View
from training.feature_store.reserved import EVENT_TIMESTAMP, ROW_NUMBER, SUFFIX

# The folder that the paths of all sources begin with.
DATA = "data"
_ROW_ID = "entity_row_id"
# What DuckDB makes of nanoseconds, ibis does not compare with anything.
_KEY_WORDS = {"unix_timestamp": "unix_timestamp in microseconds"}


@contextlib.contextmanager
def working_directory(data: Path) -> Iterator[Path]:
    """Within it, the working directory is a temporary one that has the folder as `data`: Feast reads relative paths
    from there, wherever the definitions are. It holds the registry too."""
    data = data.resolve()
    with tempfile.TemporaryDirectory(prefix="evergreen-feast-") as name:
        folder = Path(name).resolve()
        (folder / DATA).symlink_to(data, target_is_directory=True)
        with contextlib.chdir(folder):
            yield folder


def files_of(source: Source, data: Path) -> list[Path]:
    """The Parquet files of a source, sorted.

    Args:
        data: the folder that stands for `data` in the source's own path.
    """
    return sorted((data / Path(source.folder).relative_to(DATA)).glob("*.parquet"))


def check(service: FeatureService, data: Path) -> None:
    """
    Raises:
        InvalidFeatures: a view has no file, or its files lack a column, or have one of another type; the message has
            every fault.
    """
    faults = [fault for view in service.views for fault in _faults(view, service.sources[view.name], data)]
    if faults:
        raise InvalidFeatures("; ".join(faults))


def _faults(view: View, source: Source, data: Path) -> Iterator[str]:
    files = files_of(source, data)
    if not files:
        folder = data / Path(source.folder).relative_to(DATA)
        yield f"view {view.name!r} has no history: {folder} has no file *.parquet; write one, or take the view out"
        return
    first: dict[str, pa.DataType] = {}
    for file in files:
        try:
            schema = pq.read_schema(file)
        except (pa.ArrowException, OSError) as error:
            yield f"{file.name} of view {view.name!r} is not a Parquet file: {error}"
            continue
        for column, expected in _columns(view, source).items():
            index = schema.get_field_index(column)
            if index < 0:
                yield f"{file.name} of view {view.name!r} should have one column {column!r}, with {expected}"
                continue
            found = schema.field(index).type
            if not _fits(found, expected):
                yield f"{file.name} of view {view.name!r} has {column!r} as {found}; it should have {expected}"
            elif first.setdefault(column, found) != found:
                yield (
                    f"{file.name} of view {view.name!r} has {column!r} as {found}, and {files[0].name} as "
                    f"{first[column]}; write all files with one type"
                )
        for name in sorted(set(schema.names) & _clashing(view)):
            yield f"{file.name} of view {view.name!r} has a column {name!r}, a name that the join needs; rename it"


def _columns(view: View, source: Source) -> dict[str, str]:
    """The columns that the files should have, and what should be in them."""
    in_file = {typed.name: source.columns.get(typed.name, typed.name) for typed in (*view.keys, *view.features)}
    return {
        source.event_time: "timestamps",
        source.created: "timestamps",
        **{in_file[key.name]: f"keys of type {_KEY_WORDS.get(key.type, key.type)}" for key in view.keys},
        **{in_file[feature.name]: f"values of type {feature.type}" for feature in view.features},
    }


def _clashing(view: View) -> set[str]:
    """Names of a file's columns that would be taken for the join's own."""
    rows = (EVENT_TIMESTAMP, ROW_NUMBER, _ROW_ID, *(key.name for key in view.keys))
    return {_ROW_ID, *(f"{name}{SUFFIX}" for name in rows)}


def _fits(found: pa.DataType, expected: str) -> bool:
    if kinds.is_dictionary(found):
        found = found.value_type
    if expected == "timestamps":
        return kinds.is_timestamp(found)
    of_keys, type_ = expected.startswith("keys"), expected.rpartition(" ")[2]
    if type_ == "string":
        return kinds.is_string(found) or kinds.is_large_string(found)
    if type_ == "bytes":
        return kinds.is_binary(found) or kinds.is_large_binary(found)
    if type_ == "bool":
        return kinds.is_boolean(found)
    if type_ == "microseconds":
        return kinds.is_timestamp(found) and found.unit == "us"
    if type_ == "unix_timestamp":
        return kinds.is_timestamp(found)
    # pandas writes whole numbers as floating ones where some are missing, which a key cannot be.
    return kinds.is_integer(found) or (kinds.is_floating(found) and not (of_keys and type_.startswith("int")))
