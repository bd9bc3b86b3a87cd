"""The domain's exceptions. A message says what was wrong, where, and what would be right."""

from collections.abc import Sequence
from dataclasses import dataclass

# Wrong fields that an answer lists, and that its sentence names.
MOST_ERRORS = 100
_IN_THE_MESSAGE = 3


class EvergreenError(Exception):
    """Any failure that a user can act on. The command line prints its message alone and exits with 1."""


class CommandFailed(EvergreenError):
    """A command could not do its work: something it needs is missing, refused or failed. Maps to exit code 1."""


class InvalidSettings(EvergreenError):
    """model.toml is invalid. Nothing is started."""


class InvalidData(EvergreenError):
    """The table cannot be trained on. The Prepare job fails; nothing is written."""


class InvalidFeatures(EvergreenError):
    """A feature service, or the history of its views, cannot be used. Nothing is joined, nothing is written online."""


class UnsupportedEstimator(EvergreenError):
    """The fitted estimator has no exact portable form. The Train job fails; there is no candidate."""


class BrokenBundle(EvergreenError):
    """A bundle is incomplete, or its content does not match its digest. It is neither promoted nor served."""


class NoChampion(EvergreenError):
    """No model has been promoted yet. The predict function answers 503."""


class UnknownVersion(EvergreenError):
    """MLflow has no such version. A training's candidate is not promoted; a rollback goes on without it."""


class TrackingLoginFailed(EvergreenError):
    """The login at the MLflow server could not be read. A run ends before anything is written."""


class TrackingFailed(EvergreenError):
    """MLflow did not answer, or refused. What was asked for is not known.

    Attributes:
        refused: it answered, and wants a permission or a login.
    """

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class PromotionConflict(EvergreenError):
    """Another promotion came first. The champion is unchanged by this one."""


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One wrong field of a request: where it is, what came, and what would be right.

    Attributes:
        place: its path as far as the names in it are ours: "features", "instances[3].city", "labels[0]".
        name: the rest of the path: a name that the caller made up. It is answered, and never recorded.
        got: what came, cut to 60 characters. It is answered; of a feature it may be recorded.
        kind: what came, without its value: "text", "a number", "nothing".
        feature: the feature that it is about; empty if it is about none.
    """

    place: str
    got: str
    expected: str
    kind: str
    feature: str = ""
    name: str = ""

    @property
    def field(self) -> str:
        return f"{self.place}.{self.name}" if self.name else self.place

    def as_dict(self) -> dict[str, str]:
        """For the answer."""
        return {"field": self.field, "got": self.got, "expected": self.expected}

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {self.got}"


class FieldErrors:
    """Collects the wrong fields of several rows: the first MOST_ERRORS, and how many there are besides."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []
        self._more = 0

    @property
    def room(self) -> int:
        """How many more are kept."""
        return MOST_ERRORS - len(self._errors)

    def add(self, errors: Sequence[FieldError], *, more: int = 0) -> None:
        room = self.room
        self._errors += errors[:room]
        self._more += more + len(errors[room:])

    def refuse(self) -> None:
        """
        Raises:
            InvalidRow: there are some.
        """
        if self._errors:
            raise InvalidRow(self._errors, more=self._more)


class InvalidRow(EvergreenError):
    """One or more rows do not fit the contract. The predict function answers 422 and names the wrong fields.

    Attributes:
        errors: at most MOST_ERRORS of them.
        more: how many there are besides.
    """

    def __init__(self, errors: Sequence[FieldError], *, more: int = 0) -> None:
        self.errors, self.more = list(errors[:MOST_ERRORS]), more + len(errors[MOST_ERRORS:])
        told = [str(error) for error in self.errors[:_IN_THE_MESSAGE]]
        untold = len(self.errors) - len(told) + self.more
        super().__init__("; ".join([*told, *([f"and {untold} more"] if untold else [])]))
