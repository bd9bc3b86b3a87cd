"""Categories as keys that JSON can hold: text, a number, or None for missing."""

from typing import Any

from evergreen.portable.families import refuse

Key = str | float | None


def keys_of(estimator: Any, name: str, categories: Any) -> list[Key]:
    """A fitted column's categories in the library's order.

    Raises:
        UnsupportedEstimator: None and NaN are two categories, where a row knows only one kind of missing.
    """
    keys = [_key(estimator, category) for category in categories.tolist()]
    if keys.count(None) > 1:
        refuse(estimator, f"categories_ of {name!r}", "None and nan", "one of them for every missing value")
    return keys


def _key(estimator: Any, category: Any) -> Key:
    if isinstance(category, str) or category is None:
        return category
    if not isinstance(category, int | float):
        refuse(estimator, "categories_", type(category).__name__, "text or numbers")
    return None if category != category else float(category)
