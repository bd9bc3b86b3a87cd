"""TransformedTargetRegressor: the inverse of the target's transformation, after the prediction."""

from dataclasses import replace
from typing import Any

from evergreen.portable import families
from evergreen.portable.columns import Columns
from evergreen.portable.families import Exported, refuse
from evergreen.portable.functions import ufunc_name

SUPPORTED = {"TransformedTargetRegressor": "func numpy.log1p with inverse_func numpy.expm1, or neither"}

_LINKS: dict[tuple[str | None, str | None], tuple[str, ...]] = {("log1p", "expm1"): ("expm1",), (None, None): ()}
_INSTEAD = "func=numpy.log1p with inverse_func=numpy.expm1"


def export(estimator: Any, columns: Columns) -> Exported:
    if estimator.transformer is not None:
        refuse(estimator, "transformer", type(estimator.transformer).__name__, _INSTEAD)
    functions = (estimator.func, estimator.inverse_func)
    names = (ufunc_name(estimator.func), ufunc_name(estimator.inverse_func))
    if names not in _LINKS or any(name is None and function for name, function in zip(names, functions, strict=True)):
        shown = tuple(getattr(function, "__name__", function) for function in functions)
        refuse(estimator, "func, inverse_func", shown, _INSTEAD)
    inner = families.export(estimator.regressor_, columns)
    return replace(inner, links=inner.links + _LINKS[names])
