"""StandardScaler, RobustScaler and MinMaxScaler, in the library's order of operations."""

from typing import Any

from evergreen.portable.columns import Columns, Values, refuse_infinite
from evergreen.portable.families import Step

SUPPORTED = {
    "StandardScaler": "with_mean, with_std",
    "RobustScaler": "with_centering, with_scaling, any quantile_range",
    "MinMaxScaler": "any feature_range; clip",
}


def export_step(scaler: Any, columns: Columns) -> tuple[dict[str, Any], Columns]:
    kind = type(scaler).__name__
    width = len(columns.names)
    document: dict[str, Any] = {"columns": list(columns.names)}
    if kind == "MinMaxScaler":
        clip = [float(bound) for bound in scaler.feature_range] if scaler.clip else None
        document |= {"kind": "multiply_add", "first": scaler.scale_.tolist(), "second": scaler.min_.tolist()}
        return {**document, "clip": clip}, Columns(columns.names)
    centered, scaled, center = (
        (scaler.with_mean, scaler.with_std, scaler.mean_)
        if kind == "StandardScaler"
        else (scaler.with_centering, scaler.with_scaling, scaler.center_)
    )
    centers = center.tolist() if centered else [0.0] * width
    scales = scaler.scale_.tolist() if scaled else [1.0] * width
    if columns.sparse:
        # The library multiplies a sparse matrix by the inverse, which rounds otherwise than a division.
        document |= {"kind": "multiply_add", "first": [1.0 / scale for scale in scales], "second": centers}
    else:
        document |= {"kind": "subtract_divide", "first": centers, "second": scales}
    return {**document, "clip": None}, Columns(columns.names, sparse=columns.sparse)


def load_step(document: dict[str, Any]) -> Step:
    names, clip = document["columns"], document["clip"]
    pairs = list(zip(document["first"], document["second"], strict=True))

    def subtract_divide(values: Values) -> Values:
        refuse_infinite(values, names)
        numbers: Any = values
        return [(value - center) / scale for value, (center, scale) in zip(numbers, pairs, strict=True)]

    def multiply_add(values: Values) -> Values:
        refuse_infinite(values, names)
        numbers: Any = values
        scaled: Values = [value * factor + offset for value, (factor, offset) in zip(numbers, pairs, strict=True)]
        return scaled

    def clipped(values: Values) -> Values:
        lowest, highest = clip
        numbers: Any = multiply_add(values)
        # NaN compares false and stays.
        return [lowest if value < lowest else highest if value > highest else value for value in numbers]

    if clip:
        return clipped
    return subtract_divide if document["kind"] == "subtract_divide" else multiply_add
