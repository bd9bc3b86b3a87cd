"""The champion pointer: a small object that names the bundle to serve."""

import json
from dataclasses import asdict, dataclass

from evergreen.errors import BrokenBundle

_UNREADABLE = "the champion pointer cannot be read"
_REMEDY = "Replace it with: evergreen rollback, or evergreen train"


@dataclass(frozen=True, kw_only=True)
class Champion:
    """
    Attributes:
        version: the model's version, as users see it.
        bundle: key prefix of its bundle in the model bucket, ending in a slash.
        digest: SHA-256 of the portable model and the contract. The served model must match it.
        promoted_at: ISO 8601, UTC.
    """

    version: str
    bundle: str
    digest: str
    promoted_at: str

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, document: bytes) -> "Champion":
        """
        Raises:
            BrokenBundle: the object is not a champion pointer.
        """
        try:
            champion = cls(**json.loads(document))
        except (ValueError, TypeError, RecursionError) as error:
            raise BrokenBundle(f"{_UNREADABLE}: {error}. {_REMEDY}") from error
        wrong = [name for name, value in asdict(champion).items() if not (isinstance(value, str) and value)]
        if wrong:
            raise BrokenBundle(f"{_UNREADABLE}: its {' and '.join(wrong)} must be text. {_REMEDY}")
        return champion
