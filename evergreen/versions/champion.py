"""The champion pointer: a small object that names the bundle to serve."""

import json
from dataclasses import asdict, dataclass

from evergreen.errors import BrokenBundle


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
            return cls(**json.loads(document))
        except (ValueError, TypeError) as error:
            raise BrokenBundle(f"the champion pointer is broken: {error}; promote a version again") from error
