"""OneHotEncoder and OrdinalEncoder: each category's place, or its number."""

from typing import Any

from evergreen.portable.categories import Key, keys_of
from evergreen.portable.columns import Columns, Values, invalid, json_number, refuse_infinite
from evergreen.portable.families import Step, refuse

SUPPORTED = {
    "OneHotEncoder": "drop, handle_unknown, min_frequency, max_categories, missing values as a category; dtype float64",
    "OrdinalEncoder": "handle_unknown, unknown_value, encoded_missing_value, min_frequency, max_categories; "
    "dtype float64",
}


def export_step(encoder: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    if str(getattr(encoder.dtype, "__name__", encoder.dtype)) not in ("float64", "float"):
        refuse(encoder, "dtype", encoder.dtype, "dtype=numpy.float64")
    keys = [keys_of(encoder, name, known) for name, known in zip(columns.names, encoder.categories_, strict=True)]
    shared = {"columns": list(columns.names), "categories": keys}
    if type(encoder).__name__ == "OrdinalEncoder":
        return {"kind": "ordinal", **shared, **_ordinal(encoder, keys)}, Columns(columns.names)
    document = _one_hot(encoder, keys)
    names = [name for name, width in zip(columns.names, document["widths"], strict=True) for _ in range(width)]
    return {"kind": "one_hot", **shared, **document}, Columns(tuple(names), sparse=encoder.sparse_output)


def _group(encoder: Any, column: int) -> list[int] | None:
    """The number of each category after infrequent ones have become one; None if there are none."""
    if not encoder._infrequent_enabled or encoder._default_to_infrequent_mappings[column] is None:
        return None
    return [int(group) for group in encoder._default_to_infrequent_mappings[column]]


def _one_hot(encoder: Any, keys: list[list[Key]]) -> dict[str, Any]:
    """For each column: how many it becomes, which of them each category sets, and which an unknown one does."""
    widths = [int(width) for width in encoder._n_features_outs]
    places: list[list[int | None]] = []
    unknown: list[int | None] = []
    for column, known in enumerate(keys):
        group = _group(encoder, column)
        dropped = None
        if encoder._drop_idx_after_grouping is not None and encoder._drop_idx_after_grouping[column] is not None:
            dropped = int(encoder._drop_idx_after_grouping[column])
        places.append([_place(group[code] if group else code, dropped) for code in range(len(known))])
        joins = encoder.handle_unknown in ("infrequent_if_exist", "warn") and group is not None
        infrequent = group[int(encoder._infrequent_indices[column][0])] if joins and group else None
        unknown.append(None if infrequent is None else _place(infrequent, dropped))
    return {"widths": widths, "places": places, "unknown": unknown, "strict": encoder.handle_unknown == "error"}


def _place(code: int, dropped: int | None) -> int | None:
    if dropped is None:
        return code
    return None if code == dropped else code - (code > dropped)


def _ordinal(encoder: Any, keys: list[list[Key]]) -> dict[str, Any]:
    """For each column the number of each category; one number for unknown ones, None if they are refused."""
    numbers = []
    for column, known in enumerate(keys):
        group = _group(encoder, column)
        missing = encoder._missing_indices.get(column)
        codes = [group[code] if group and code != missing else code for code in range(len(known))]
        numbers.append([json_number(encoder.encoded_missing_value if code == missing else code) for code in codes])
    accepted = encoder.handle_unknown == "use_encoded_value"
    return {"numbers": numbers, "unknown": json_number(encoder.unknown_value) if accepted else None}


def load_step(document: dict[str, Any]) -> Step:
    return _load_one_hot(document) if document["kind"] == "one_hot" else _load_ordinal(document)


def _unknown_category(name: str, value: Any, table: dict[Key, Any]) -> Exception:
    known = [key for key in table if key is not None]
    listed = ", ".join(repr(key) for key in known[:10]) + (", ..." if len(known) > 10 else "")
    return invalid(name, value, f"one of the categories seen in training: {listed}")


def _load_one_hot(document: dict[str, Any]) -> Step:
    names, strict = document["columns"], document["strict"]
    tables: list[tuple[dict[Key, int | None], int | None]] = []
    start = 0
    rows = zip(document["categories"], document["places"], document["unknown"], document["widths"], strict=True)
    for keys, places, unknown, width in rows:
        at = [None if place is None else start + place for place in places]
        tables.append((dict(zip(keys, at, strict=True)), None if unknown is None else start + unknown))
        start += width
    blank = [0.0] * start

    def transform(values: Values) -> Values:
        refuse_infinite(values, names)
        encoded: Values = blank.copy()  # type: ignore[assignment]
        for index, value in enumerate(values):
            table, unknown = tables[index]
            key = value if value == value else None
            if strict and key not in table:
                raise _unknown_category(names[index], value, table)
            place = table.get(key, unknown)
            if place is not None:
                encoded[place] = 1.0
        return encoded

    return transform


def _load_ordinal(document: dict[str, Any]) -> Step:
    names = document["columns"]
    unknown = None if document["unknown"] is None else float(document["unknown"])
    tables: list[dict[Key, float]] = [
        dict(zip(keys, map(float, numbers), strict=True))
        for keys, numbers in zip(document["categories"], document["numbers"], strict=True)
    ]

    def transform(values: Values) -> Values:
        refuse_infinite(values, names)
        encoded: Values = []
        for index, value in enumerate(values):
            number = tables[index].get(value if value == value else None, unknown)
            if number is None:
                raise _unknown_category(names[index], value, tables[index])
            encoded.append(number)
        return encoded

    return transform
