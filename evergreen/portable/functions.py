"""FunctionTransformer with numpy.log1p, with the parts of dates, or with no function."""

from typing import Any

from evergreen.portable.columns import Columns, Values, refuse_not_finite
from evergreen.portable.families import Step, refuse
from evergreen.portable.links import log1p

SUPPORTED = {"FunctionTransformer": "func numpy.log1p, Evergreen's own parts of dates, or None"}


def ufunc_name(function: Any) -> str | None:
    """The name of a numpy function that works element by element; None for any other."""
    return str(function.__name__) if type(function).__name__ == "ufunc" else None


def export_step(transformer: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    document = {"columns": list(columns.names), "validate": bool(transformer.validate)}
    if type(transformer.func).__name__ == "DateParts":
        dates = transformer.func.columns
        names = [name for name, parts in zip(columns.names, dates, strict=True) for _ in range(parts.width)]
        parts = [{"names": list(each.names), "first": each.first} for each in dates]
        return {**document, "function": "date_parts", "dates": parts}, Columns(tuple(names))
    name = ufunc_name(transformer.func)
    if (transformer.func is not None and name != "log1p") or transformer.kw_args:
        shown = name or getattr(transformer.func, "__name__", transformer.func)
        refuse(transformer, "func", shown, "func=numpy.log1p or None, without kw_args")
    return {**document, "function": name}, columns


def load_step(document: dict[str, Any]) -> Step:
    if document["function"] == "date_parts":
        return _load_dates(document["dates"])
    names, function, validate = document["columns"], document["function"], document["validate"]

    def transform(values: Values) -> Values:
        if validate:
            refuse_not_finite(values, names)
        numbers: Any = values
        return [log1p(value) for value in numbers] if function == "log1p" else numbers

    return transform


def _load_dates(dates: list[dict[str, Any]]) -> Step:
    # Most models have no dates, and start without it.
    from evergreen.portable.date_parts import DateParts, Parts

    parts = DateParts(tuple(Parts(tuple(each["names"]), float(each["first"])) for each in dates))

    def transform(values: Values) -> Values:
        moments: Any = values
        expanded: Values = []
        expanded += parts.of_row(moments)
        return expanded

    return transform
