"""The domain's exceptions. A message says what was wrong, where, and what would be right."""

from dataclasses import asdict, dataclass


class EvergreenError(Exception):
    """Any failure that a user can act on. The command line prints its message alone and exits with 1."""


class CommandFailed(EvergreenError):
    """A command could not do its work: something it needs is missing, refused or failed. Maps to exit code 1."""


class InvalidSettings(EvergreenError):
    """model.toml is invalid. Nothing is started."""


class InvalidData(EvergreenError):
    """The table cannot be trained on. The Prepare job fails; nothing is written."""


class UnsupportedEstimator(EvergreenError):
    """The fitted estimator has no exact portable form. The Train job fails; there is no candidate."""


class BrokenBundle(EvergreenError):
    """A bundle is incomplete, or its content does not match its digest. It is neither promoted nor served."""


class NoChampion(EvergreenError):
    """No model has been promoted yet. The predict function answers 503."""


class PromotionConflict(EvergreenError):
    """Another promotion came first. The champion is unchanged by this one."""


@dataclass(frozen=True)
class FieldError:
    """One wrong field of a request: where it is, what came, and what would be right."""

    field: str
    got: str
    expected: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {self.got}"


class InvalidRow(EvergreenError):
    """One or more rows do not fit the contract. The predict function answers 422 and names every wrong field."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors
