"""The contract: what a row must look like. Inferred from the data, stored in the bundle, and checked at serving."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from evergreen.errors import BrokenBundle, FieldError, InvalidRow
from evergreen.number_text import apart

# A parsed row: the values of the features in the contract's order. A missing number is NaN, a missing category None.
Value = float | str | None
Row = list[Value]

NUMBER: Literal["number"] = "number"
CATEGORY: Literal["category"] = "category"


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column that the model reads. A number has its range in training, a category its sorted values.

    `example` is its value in one row of the training data, for documentation.
    """

    name: str
    type: Literal["number", "category"]
    missing_allowed: bool
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    example: float | str | None = None

    def parse(self, value: Any) -> Value:
        """The value as the model takes it.

        Raises:
            FieldProblem: it is of another type, not finite, or missing where no training row lacked it.
        """
        if value is None:
            if not self.missing_allowed:
                raise FieldProblem("null", f"{self._kind()}, since no training row lacked it")
            return math.nan if self.type == NUMBER else None
        if self.type == CATEGORY:
            if not isinstance(value, str):
                raise FieldProblem(shown(value), self._kind())
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldProblem(shown(value), self._kind())
        try:
            number = float(value)
        except OverflowError:
            raise FieldProblem(shown(value), self._kind()) from None
        if not math.isfinite(number):
            raise FieldProblem(shown(value), self._kind())
        return number

    def warning(self, value: Value) -> str | None:
        """A sentence about a valid but unusual value, or None."""
        if isinstance(value, str):
            return None if value in self.categories else f"{self.name}: {value!r} was not seen in training"
        if value is None or self.minimum is None or self.maximum is None or math.isnan(value):
            return None
        if self.minimum <= value <= self.maximum:
            return None
        shown_value, low, high = apart(value, self.minimum, self.maximum)
        return f"{self.name}: {shown_value} lies outside the training range {low} to {high}"

    def _kind(self) -> str:
        kind = "a finite number" if self.type == NUMBER else "text"
        return f"{kind} or null" if self.missing_allowed else kind


class FieldProblem(Exception):
    """A value does not fit its feature. Contract.parse collects these into one InvalidRow."""

    def __init__(self, got: str, expected: str) -> None:
        super().__init__(got, expected)
        self.got = got
        self.expected = expected


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The features in the model's order, the target, and the task.

    `classes` are the labels of a classification, in the order of its probabilities.
    """

    task: str
    target: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...] = ()

    def parse(self, features: Any, *, where: str = "features") -> Row:
        """A row in the contract's order, from a mapping of feature name to value.

        Raises:
            InvalidRow: names every field that is unknown, absent, or of a wrong value, all at once.
        """
        if not isinstance(features, Mapping):
            raise InvalidRow([FieldError(where, shown(features), "an object of feature name to value")])
        names = [feature.name for feature in self.features]
        absent = [name for name in names if name not in features]
        errors = [
            FieldError(f"{where}.{name}", "an unknown field", _nearest(str(name), absent))
            for name in features
            if name not in names
        ]
        row: Row = []
        for feature in self.features:
            try:
                if feature.name not in features:
                    raise FieldProblem("nothing", feature._kind())
                row.append(feature.parse(features[feature.name]))
            except FieldProblem as problem:
                errors.append(FieldError(f"{where}.{feature.name}", problem.got, problem.expected))
        if errors:
            raise InvalidRow(errors)
        return row

    def warnings(self, row: Row) -> list[str]:
        """Sentences about values of a valid row that training never saw."""
        found = (feature.warning(value) for feature, value in zip(self.features, row, strict=True))
        return [warning for warning in found if warning]

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, document: bytes) -> "Contract":
        """
        Raises:
            BrokenBundle: the document is not a contract.
        """
        try:
            table = json.loads(document)
            features = tuple(
                Feature(**{**feature, "categories": tuple(feature["categories"])}) for feature in table["features"]
            )
            return cls(task=table["task"], target=table["target"], features=features, classes=tuple(table["classes"]))
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenBundle(f"contract.json is not a contract: {error!r}") from error


def _nearest(name: str, absent: list[str]) -> str:
    """The feature that an unknown field probably stands for: the most similar absent one, or any absent one."""
    # Imported here, since only an invalid request needs it, and every import adds to the cold start.
    import difflib

    nearest = difflib.get_close_matches(name, absent, n=1) or absent
    return f"the feature {' or '.join(map(repr, nearest))} under its own name" if nearest else "no such field"


def shown(value: Any) -> str:
    """A value as it can be quoted in a message: its JSON, cut to 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
