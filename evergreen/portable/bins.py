"""KBinsDiscretizer: the number of the bin that a value falls into, or a place for each bin."""

from bisect import bisect_right
from typing import Any

from evergreen.portable.columns import Columns, Values, refuse_not_finite
from evergreen.portable.families import Step, refuse

SUPPORTED = {"KBinsDiscretizer": "encode ordinal, onehot, onehot-dense; any strategy; dtype float64 or None"}


def export_step(discretizer: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    if str(getattr(discretizer.dtype, "__name__", discretizer.dtype)) not in ("None", "float64", "float"):
        refuse(discretizer, "dtype", discretizer.dtype, "dtype=None")
    # The outermost edges are not looked at: a value beyond them falls into the first or the last bin.
    edges = [[float(edge) for edge in column[1:-1]] for column in discretizer.bin_edges_]
    places = discretizer.encode != "ordinal"
    names = columns.names
    if places:
        names = tuple(name for name, inner in zip(columns.names, edges, strict=True) for _ in range(len(inner) + 1))
    document = {"columns": list(columns.names), "edges": edges, "places": places}
    return document, Columns(names, sparse=discretizer.encode == "onehot")


def load_step(document: dict[str, Any]) -> Step:
    names, edges = document["columns"], document["edges"]
    starts = [0]
    for inner in edges:
        starts.append(starts[-1] + len(inner) + 1)

    def ordinal(values: Values) -> Values:
        refuse_not_finite(values, names)
        numbers: Any = values
        return [float(bisect_right(inner, value)) for inner, value in zip(edges, numbers, strict=True)]

    def one_hot(values: Values) -> Values:
        encoded: Values = [0.0] * starts[-1]
        for start, number in zip(starts, ordinal(values), strict=False):
            encoded[start + int(number)] = 1.0  # type: ignore[arg-type]
        return encoded

    return one_hot if document["places"] else ordinal
