"""FunctionTransformer with numpy.log1p, or with no function."""

from typing import Any

from evergreen.portable.columns import Columns, Values, refuse_not_finite
from evergreen.portable.families import Step, refuse
from evergreen.portable.links import log1p

SUPPORTED = {"FunctionTransformer": "func numpy.log1p or None"}


def ufunc_name(function: Any) -> str | None:
    """The name of a numpy function that works element by element; None for any other."""
    return str(function.__name__) if type(function).__name__ == "ufunc" else None


def export_step(transformer: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    name = ufunc_name(transformer.func)
    if (transformer.func is not None and name != "log1p") or transformer.kw_args:
        shown = name or getattr(transformer.func, "__name__", transformer.func)
        refuse(transformer, "func", shown, "func=numpy.log1p or None, without kw_args")
    return {"columns": list(columns.names), "function": name, "validate": bool(transformer.validate)}, columns


def load_step(document: dict[str, Any]) -> Step:
    names, function, validate = document["columns"], document["function"], document["validate"]

    def transform(values: Values) -> Values:
        if validate:
            refuse_not_finite(values, names)
        numbers: Any = values
        return [log1p(value) for value in numbers] if function == "log1p" else numbers

    return transform
