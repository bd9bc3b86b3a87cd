"""How far each view of a store has been written online: the memory of one run for the next."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from evergreen.feature_store.views import FeatureService
from training.feature_store import program


@dataclass(frozen=True, kw_only=True)
class Written:
    """Of one view, after the run that wrote it.

    Attributes:
        digest: of its description; another one is written whole.
        created: the newest among the rows that were known; ISO 8601. Empty if there was none.
        until: rows with a later event or `created` were not known yet; ISO 8601.
        rows: of its history, that were known.
        days: Due.days of them.
        at: the moment of the run; ISO 8601.
    """

    digest: str
    created: str
    until: str
    rows: int
    days: Mapping[str, str]
    at: str


@dataclass(frozen=True, kw_only=True)
class State:
    """
    Attributes:
        applied: digest of the definitions that the registry has.
        views: by their names.
    """

    applied: str = ""
    views: Mapping[str, Written] = field(default_factory=dict)

    def with_view(self, name: str, written: Written) -> "State":
        return replace(self, views={**self.views, name: written})


def read(file: Path) -> State:
    """An unreadable state counts as none: everything is written again, which only costs time."""
    try:
        record = json.loads(file.read_bytes())
        views = {name: Written(**written) for name, written in record["views"].items()}
        return State(applied=record["applied"], views=views)
    except FileNotFoundError:
        return State()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{file.name} is no state of an earlier run ({error!r}): everything is written anew")
        return State()


def write(state: State, file: Path) -> None:
    with program.whole(file) as part:
        part.write_text(json.dumps(asdict(state), indent=1) + "\n")


def digest_of(service: FeatureService, view: str, table: str) -> str:
    """Of all that decides what the table of a view holds, but its history."""
    described = next(each for each in service.views if each.name == view)
    parts = [asdict(described), asdict(service.sources[view]), service.key_version, table]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
