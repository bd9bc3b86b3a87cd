"""Why a column can be no feature as it is: a message for people, and what its remedy is made of."""

from dataclasses import dataclass

from evergreen.errors import InvalidData
from training.reading.number_format import NumberFormat

EMPTY, DATES, LONG_NUMBERS, TYPE = "empty", "dates", "long numbers", "type"
UNIQUE_TEXTS, SENTENCES = "unique texts", "sentences"
CODES_OR_NUMBERS, OTHER_FORMAT, MISSING_MARKS = "codes or numbers", "other format", "marks"
UNITS, NOT_NUMBERS, NOT_DATES = "units", "no numbers", "no dates"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What kind of reason it is, one of the above.

    Attributes:
        column: its name.
        marks: the texts that seem to mean a missing value.
        numbers: the format in which the texts are numbers.
        formats: those in which the texts are dates.
    """

    kind: str
    column: str
    marks: tuple[str, ...] = ()
    numbers: NumberFormat | None = None
    formats: tuple[str, ...] = ()


class UnfitColumn(InvalidData):
    """A column can be no feature as it is. The Prepare job fails; `evergreen init` applies the remedy."""

    def __init__(self, message: str, *, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason
