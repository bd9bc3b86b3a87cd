"""A feature: one column that the model reads, and what a value of it may be."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from evergreen.contract.cells import BOOLEANS, boolean
from evergreen.contract.date_form import DAY, TIME, ZONED, DateForm
from evergreen.number_text import apart
from evergreen.quoting import quoted

# The value of a feature in a parsed row. A date is its moment in seconds, as evergreen/contract/dates.py has it. A
# missing number or date is NaN, a missing category None.
Value = float | str | None

NUMBER: Literal["number"] = "number"
CATEGORY: Literal["category"] = "category"
DATE: Literal["date"] = "date"

# Characters of a text in a request, where a contract says nothing else.
LONGEST_TEXT = 1000

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
