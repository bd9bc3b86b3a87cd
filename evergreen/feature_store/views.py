"""Feature views as data: what a feature service of Feast's gives, for everything that runs without Feast."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

# Types of join keys, by Feast's names; others it cannot serialise.
KEY_TYPES = ("string", "int32", "int64", "bytes", "unix_timestamp")
# Types that a column of a table can have. Feast has lists, maps and bytes as well, which no model here reads.
FEATURE_TYPES = ("string", "bool", "int32", "int64", "float", "double", "unix_timestamp")

# The clocks of those who write and of those who read may differ by this much.
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Typed:
    """A join key or a feature: its name, and its type as Feast writes it, in lower case."""

    name: str
    type: str


@dataclass(frozen=True, kw_only=True)
class View:
    """A feature view, as far as a model reads it.

    Attributes:
        keys: the join keys of its entities.
        features: those that the service gives, in the order of the service.
        ttl_seconds: how old a value may be, counted from its event; 0 if there is no limit.
    """

    name: str
    keys: tuple[Typed, ...]
    features: tuple[Typed, ...]
    ttl_seconds: int = 0

    def is_stale(self, event: datetime, now: datetime) -> bool:
        """Whether a value is older than the view allows. One whose event lies ahead is fresh: clocks differ."""
        return bool(self.ttl_seconds) and (now - event).total_seconds() > self.ttl_seconds

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "View":
        """
        Raises:
            KeyError, TypeError: the record is not a view's.
        """
        return cls(
            name=record["name"],
            keys=tuple(Typed(**key) for key in record["keys"]),
            features=tuple(Typed(**feature) for feature in record["features"]),
            ttl_seconds=int(record["ttl_seconds"]),
        )


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a view's history lies.

    Attributes:
        folder: of Parquet files, from the folder of the definitions.
        event_time, created: columns with the moment of an event, and with the moment from which it was known.
        columns: what the columns of the view are called in the files, by their names in the view, where they differ.
    """

    folder: str
    event_time: str
    created: str
    columns: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class FeatureService:
    """A feature service: its views, and where each of them has its history.

    Attributes:
        digest: SHA-256 of the files with the definitions.
        key_version: `entity_key_serialization_version` of the online store, 2 or 3.
        sources: by the name of the view.
    """

    name: str
    digest: str
    key_version: int
    views: tuple[View, ...]
    sources: Mapping[str, Source]

    @property
    def keys(self) -> tuple[Typed, ...]:
        """The join keys of all views, each once."""
        return tuple({key.name: key for view in self.views for key in view.keys}.values())

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, document: str | bytes) -> "FeatureService":
        """
        Raises:
            ValueError: the document is not that of a service.
        """
        try:
            record = json.loads(document)
            return cls(
                name=record["name"],
                digest=record["digest"],
                key_version=int(record["key_version"]),
                views=tuple(View.from_record(view) for view in record["views"]),
                sources={name: Source(**source) for name, source in record["sources"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a feature service: {error!r}") from error
