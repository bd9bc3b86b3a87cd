"""SimpleImputer: a value for each missing one, and where asked for a column that says which were missing."""

from typing import Any

from evergreen.portable.columns import Columns, Values, refuse_infinite
from evergreen.portable.families import Step, refuse

SUPPORTED = {
    "SimpleImputer": "any strategy but a function, on numbers and text; add_indicator; missing_values nan or None"
}


def export_step(imputer: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    missing = imputer.missing_values
    if missing is not None and not (isinstance(missing, float) and missing != missing):
        refuse(imputer, "missing_values", imputer.missing_values, "numpy.nan, or None for text")
    if callable(imputer.strategy):
        refuse(imputer, "strategy", imputer.strategy, "'mean', 'median', 'most_frequent' or 'constant'")
    statistics = imputer.statistics_.tolist()
    kept = list(range(len(statistics)))
    if not imputer.keep_empty_features:
        # A column without any value has no statistic, and is left out.
        kept = [index for index, value in enumerate(statistics) if value == value and value is not None]
    fills = imputer.statistics_[kept].astype(imputer._fill_dtype).tolist()
    for fill in fills:
        if not isinstance(fill, str | int | float) or (isinstance(fill, float) and fill - fill != 0.0):
            refuse(imputer, "fill_value", fill, "text or a finite number")
    indicated = [int(index) for index in imputer.indicator_.features_] if imputer.add_indicator else []
    document = {
        "columns": list(columns.names),
        "kept": kept,
        "fills": [fill if isinstance(fill, str) else float(fill) for fill in fills],
        "indicated": indicated,
    }
    names = tuple(columns.names[index] for index in [*kept, *indicated])
    return document, Columns(names, sparse=columns.sparse)


def load_step(document: dict[str, Any]) -> Step:
    names, indicated = document["columns"], document["indicated"]
    kept = list(zip(document["kept"], document["fills"], strict=True))

    def transform(values: Values) -> Values:
        refuse_infinite(values, names)
        missing = [value is None or value != value for value in values]
        filled = [fill if missing[index] else values[index] for index, fill in kept]
        if indicated:
            filled += [1.0 if missing[index] else 0.0 for index in indicated]
        return filled

    return transform
