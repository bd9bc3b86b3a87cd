"""TargetEncoder: the target's mean among the training rows of each category, drawn towards the mean of all rows."""

from typing import Any

from evergreen.portable.categories import Key, keys_of
from evergreen.portable.columns import Columns, Values, json_number, refuse_infinite
from evergreen.portable.families import Step

SUPPORTED = {
    "TargetEncoder": "regression, binary and multiclass (a column for each class); any smooth, cv and categories; "
    "unknown categories and missing values"
}


def export_step(encoder: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    keys = [keys_of(encoder, name, known) for name, known in zip(columns.names, encoder.categories_, strict=True)]
    several = encoder.target_type_ == "multiclass"
    width = len(encoder.classes_) if several else 1
    # The library holds them column by column, and each column's class by class.
    means = [[json_number(mean) for mean in encoding.tolist()] for encoding in encoder.encodings_]
    document = {
        "columns": list(columns.names),
        "categories": keys,
        "means": [means[start : start + width] for start in range(0, len(means), width)],
        "unknown": [json_number(mean) for mean in (encoder.target_mean_ if several else [encoder.target_mean_])],
    }
    return document, Columns(tuple(name for name in columns.names for _ in range(width)))


def load_step(document: dict[str, Any]) -> Step:
    names = document["columns"]
    unknown = tuple(map(float, document["unknown"]))
    tables: list[dict[Key, tuple[float, ...]]] = [
        dict(zip(keys, zip(*(map(float, of_class) for of_class in means), strict=True), strict=True))
        for keys, means in zip(document["categories"], document["means"], strict=True)
    ]

    def transform(values: Values) -> Values:
        refuse_infinite(values, names)
        encoded: Values = []
        for value, table in zip(values, tables, strict=True):
            encoded += table.get(value if value == value else None, unknown)
        return encoded

    return transform
