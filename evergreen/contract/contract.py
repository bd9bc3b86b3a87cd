"""The contract: what a row must look like. Inferred from the data, stored in the bundle, and checked at serving."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from evergreen.contract.cells import BOOLEANS, boolean
from evergreen.errors import MOST_ERRORS, BrokenBundle, FieldError, InvalidRow
from evergreen.number_text import apart
from evergreen.quoting import cut, kind_of, quoted, shown

# A parsed row: the values of the features in the contract's order. A date is its moment in seconds, as
# evergreen/contract/dates.py has it. A missing number or date is NaN, a missing category None.
Value = float | str | None
Row = list[Value]

NUMBER: Literal["number"] = "number"
CATEGORY: Literal["category"] = "category"
DATE: Literal["date"] = "date"

# What the moments of a column of dates are. A day may come with a time too, and a time without one is midnight.
DateForm = Literal["day", "time", "time with zone"]
DAY: DateForm = "day"
TIME: DateForm = "time"
ZONED: DateForm = "time with zone"

# Characters of a text in a request, where a contract says nothing else.
LONGEST_TEXT = 1000
# Pairs of an unknown field and an absent feature that are held against each other, which takes 20 µs each.
_MOST_PAIRS = 1000

# Of JSON, what is read as something else: true and false too.
_TEXTS = frozenset((str, bool))

# By the form of a date, what a request may have.
_DATES = {
    DAY: "a date without a time zone, such as 2024-05-31",
    TIME: "a date and time of ISO 8601 without a time zone, such as 2024-05-31T12:00:00",
    ZONED: "a date and time of ISO 8601 with its time zone, such as 2024-05-31T12:00:00Z",
}

# What may be unusual about a valid value.
UNSEEN: Literal["unseen"] = "unseen"
OUTSIDE: Literal["outside"] = "outside"


@dataclass(frozen=True)
class Unusual:
    """A valid value that training never saw. The text quotes it; feature and kind do not."""

    feature: str
    kind: Literal["unseen", "outside"]
    text: str

    def as_record(self) -> dict[str, str]:
        """Without the value, which stands among the features unless they leave it out."""
        return {"feature": self.feature, "kind": self.kind}


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column that the model reads. A number has its range in training, a category its sorted values.

    A date has the first and the last moment in training, in seconds, and the form of its moments. Later ones are
    nothing unusual: time goes on.

    `example` is the middle or the commonest of its values in training, for documentation.
    """

    name: str
    type: Literal["number", "category", "date"]
    missing_allowed: bool
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    example: float | str | None = None
    form: DateForm | None = None

    @cached_property
    def is_boolean(self) -> bool:
        """Whether its values are true and false, which JSON has words for."""
        return BOOLEANS.issuperset(self.categories) and bool(self.categories)

    @cached_property
    def _seen(self) -> frozenset[str]:
        return frozenset(self.categories)

    def parse(self, value: Any, longest_text: int = LONGEST_TEXT) -> Value:
        """The value as the model takes it.

        Args:
            longest_text: in characters; more only if training knew a longer one.

        Raises:
            FieldProblem: it is of another type, not finite, too long, or missing where no training row lacked it.
        """
        # What most values are, first: a finite float.
        if value.__class__ is float and self.type == NUMBER and value - value == 0.0:
            return value
        if value is None:
            if not self.missing_allowed:
                raise FieldProblem(f"{self._kind()}, since no training row lacked it")
            return None if self.type == CATEGORY else math.nan
        if self.type == DATE:
            return self._moment(value)
        if self.type == CATEGORY:
            if self.is_boolean:
                value = boolean(value)
            if not isinstance(value, str):
                raise FieldProblem(self._kind())
            if len(value) > longest_text:
                most = max((longest_text, *map(len, self.categories)))
                if len(value) > most:
                    raise FieldProblem(f"{self._kind()}, a text of at most {most} characters")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldProblem(self._kind())
        try:
            number = float(value)
        except OverflowError:
            raise FieldProblem(self._kind()) from None
        if not math.isfinite(number):
            raise FieldProblem(self._kind())
        return number

    def _moment(self, value: Any) -> float:
        # Imported here, since few models have dates.
        from evergreen.contract import dates

        if not isinstance(value, str):
            raise FieldProblem(self._kind())
        try:
            moment, zoned = dates.moment(value)
        except ValueError:
            raise FieldProblem(self._kind()) from None
        if zoned != (self.form == ZONED):
            raise FieldProblem(self._kind())
        return moment

    def unusual(self, value: Value) -> Unusual | None:
        """What is unusual about a valid value; None if nothing is."""
        if isinstance(value, str):
            if value in self._seen:
                return None
            return Unusual(self.name, UNSEEN, f"{self.name}: {quoted(value)} was not seen in training")
        if value is None or self.minimum is None or self.maximum is None or math.isnan(value) or self.type == DATE:
            return None
        if self.minimum <= value <= self.maximum:
            return None
        shown_value, low, high = apart(value, self.minimum, self.maximum)
        text = f"{self.name}: {shown_value} lies outside the training range {low} to {high}"
        return Unusual(self.name, OUTSIDE, text)

    def _kind(self) -> str:
        if self.type == DATE:
            kind = _DATES[self.form or DAY]
        else:
            kind = "a finite number" if self.type == NUMBER else "true or false" if self.is_boolean else "text"
        comma = "," if self.type == DATE else ""
        return f"{kind}{comma} or null" if self.missing_allowed else kind


class FieldProblem(Exception):
    """A value does not fit its feature. Contract.parse collects these into one InvalidRow."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The features in the model's order, the target, and the task.

    `classes` are the labels of a classification, in the order of its probabilities. `missing` are the texts that mean a
    missing value; None in a contract of an earlier release, which takes every text as it is. `longest_text` is that of
    Feature. `positive` is the class of two that metrics look for; empty for the second.
    """

    task: str
    target: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...] = ()
    missing: tuple[str, ...] | None = None
    longest_text: int = LONGEST_TEXT
    positive: str = ""

    @cached_property
    def names(self) -> frozenset[str]:
        """Of the features."""
        return frozenset(feature.name for feature in self.features)

    @cached_property
    def _marks(self) -> frozenset[str]:
        return frozenset(self.missing or ())

    def _read(self, text: str) -> str | None:
        """A text as training has read it: without blanks around it, None for a mark of a missing value."""
        if self.missing is None:
            return text
        text = text.strip()
        return None if text in self._marks else text

    def parse(self, features: Any, *, where: str = "features", most: int = MOST_ERRORS) -> Row:
        """A row in the contract's order, from a mapping of feature name to value.

        Args:
            most: unknown fields that an error names; more are counted.

        Raises:
            InvalidRow: names every field that is unknown, absent, or of a wrong value, all at once.
        """
        if not isinstance(features, Mapping):
            raise InvalidRow([wrong(where, features, "an object of feature name to value")])
        row: Row = []
        errors: list[FieldError] = []
        for feature in self.features:
            name = feature.name
            try:
                value = features[name]
                value = self._read(value) if value.__class__ is str else value
                row.append(feature.parse(value, self.longest_text))
            except KeyError:
                place = f"{where}.{name}"
                errors.append(FieldError(place=place, got="nothing", expected=feature._kind(), kind="nothing"))
            except FieldProblem as problem:
                errors.append(wrong(f"{where}.{name}", features[name], problem.expected, feature=name))
        if errors or len(features) > len(row):
            unknown = [name for name in features if name not in self.names]
            errors = [*self._unknown(unknown[:most], features, where), *errors]
            raise InvalidRow(errors, more=len(unknown[most:]))
        return row

    def as_read(self, features: Mapping[str, Any], row: Row) -> dict[str, Any]:
        """The features of a request for its record: texts as they were read, dates among them; all else as it came.

        Args:
            row: what `parse` made of them.
        """
        read = dict(features)
        for place, name in enumerate(self._order):
            if read[name].__class__ in _TEXTS:
                value = row[place]
                # A text that became a number is a date.
                read[name] = None if value != value else read[name].strip() if value.__class__ is float else value
        return read

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def _unknown(self, names: Sequence[str], features: Mapping[str, Any], where: str) -> list[FieldError]:
        if not names:
            return []
        absent = sorted(self.names - features.keys())
        known = len(names) * len(absent) <= _MOST_PAIRS
        return [
            FieldError(
                place=where,
                name=cut(str(name)),
                got="an unknown field",
                kind="an unknown field",
                expected=_nearest(cut(str(name)), absent) if known else "no such field",
            )
            for name in names
        ]

    def unusual(self, row: Row) -> list[Unusual]:
        """The values of a valid row that training never saw."""
        found = (feature.unusual(value) for feature, value in zip(self.features, row, strict=True))
        return [unusual for unusual in found if unusual]

    def to_json(self) -> bytes:
        document = asdict(self)
        for feature in document["features"]:
            if feature["form"] is None:
                del feature["form"]
        return json.dumps(document, indent=1, sort_keys=True).encode()

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
            missing = table.get("missing")
            return cls(
                task=table["task"],
                target=table["target"],
                features=features,
                classes=tuple(table["classes"]),
                missing=None if missing is None else tuple(missing),
                # Contracts of before have none.
                longest_text=int(table.get("longest_text", LONGEST_TEXT)),
                positive=str(table.get("positive", "")),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BrokenBundle(f"contract.json is not a contract: {error!r}") from error


def _nearest(name: str, absent: list[str]) -> str:
    """The feature that an unknown field probably stands for: the most similar absent one."""
    # Imported here, since only an invalid request needs it, and every import adds to the cold start.
    import difflib

    nearest = difflib.get_close_matches(name, absent, n=1)
    return f"the feature {nearest[0]!r} under its own name" if nearest else "no such field"


def wrong(place: str, value: Any, expected: str, *, feature: str = "") -> FieldError:
    """The error for a value that came at a place."""
    return FieldError(place=place, got=shown(value), expected=expected, kind=kind_of(value), feature=feature)
