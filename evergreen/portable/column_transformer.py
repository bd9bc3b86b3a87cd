"""ColumnTransformer: each transformer's output for its columns, side by side in the transformers' order."""

from operator import itemgetter
from typing import Any

from evergreen.portable import families
from evergreen.portable.columns import Columns, Values
from evergreen.portable.families import Step, refuse

SUPPORTED = {"ColumnTransformer": "columns by name, number, mask or selector; passthrough, drop, remainder; no weights"}


def export_step(transformer: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    if transformer.transformer_weights:
        refuse(transformer, "transformer_weights", transformer.transformer_weights, "a scaler, or none")
    parts: list[dict[str, Any]] = []
    names: list[str] = []
    for name, fitted, _ in transformer.transformers_:
        indices = [int(index) for index in transformer._transformer_to_input_indices[name]]
        if fitted == "drop" or not indices:
            continue
        part = Columns(tuple(columns.names[index] for index in indices), sparse=columns.sparse)
        steps: list[dict[str, Any]] = []
        if fitted != "passthrough":
            document, part = families.export_step(fitted, part)
            steps = [document]
        parts.append({"indices": indices, "steps": steps})
        names += part.names
    return {"parts": parts}, Columns(tuple(names), sparse=bool(transformer.sparse_output_))


def load_step(document: dict[str, Any]) -> Step:
    parts: list[tuple[Any, list[Step]]] = []
    for part in document["parts"]:
        indices = part["indices"]
        # itemgetter of one index gives the value itself, not a tuple of it.
        pick = itemgetter(*indices) if len(indices) > 1 else itemgetter(slice(indices[0], indices[0] + 1))
        parts.append((pick, [families.load_step(step) for step in part["steps"]]))

    def transform(values: Values) -> Values:
        joined: Values = []
        for pick, steps in parts:
            picked = list(pick(values))
            for step in steps:
                picked = step(picked)
            joined += picked
        return joined

    return transform
