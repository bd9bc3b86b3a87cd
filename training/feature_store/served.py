"""What predictions were given of the feature store, as their captured records say."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evergreen import names
from evergreen.captures.records import Faults, read_sound_records, require_form
from evergreen.contract import cells, dates
from evergreen.feature_store.keys import KeyValue
from evergreen.feature_store.views import FeatureService, Typed, View


@dataclass(frozen=True, kw_only=True)
class ServedRow:
    """What one prediction was given of one view.

    Attributes:
        entities: as the caller wrote them.
        keys: the same, as the history has them.
        event: of the values; None if nothing was online of the entity.
        moment: of the prediction.
        values: by feature, as the model got them; without those that the caller sent, or that are not recorded.
    """

    view: View
    entities: Mapping[str, Any]
    keys: Mapping[str, KeyValue]
    event: datetime | None
    moment: datetime
    values: Mapping[str, Any]


def served_rows(folder: Path, service: FeatureService, faults: Faults) -> Iterator[ServedRow]:
    """The rows of all captures in a folder, of views that the service has. A broken record is a fault."""
    views = {view.name: view for view in service.views}
    for file in sorted(folder.iterdir()):
        for record in read_sound_records(file.read_bytes(), file.name, faults):
            try:
                yield from _of_record(record, views)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                faults.add(f"{file.name} holds a record of another form: {error}")


def _of_record(record: dict[str, Any], views: Mapping[str, View]) -> Iterator[ServedRow]:
    require_form(record, names.RECORD_PREDICT)
    moment = datetime.strptime(record["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z")
    for row in record["rows"]:
        for name, traces in row.get("stored", {}).items():
            view = views.get(name)
            if view is None or traces.get("unread"):
                continue
            entities = traces["entities"]
            if any(key.name not in entities for key in view.keys):
                # [log] leaves a join key out.
                continue
            sent = traces.get("sent", ())
            yield ServedRow(
                view=view,
                entities=entities,
                keys={key.name: _key(key, entities[key.name]) for key in view.keys},
                event=datetime.fromisoformat(traces["event"]) if traces["event"] else None,
                moment=moment,
                values={
                    feature.name: row["features"][feature.name]
                    for feature in view.features
                    if feature.name in row["features"] and feature.name not in sent
                },
            )


def _key(key: Typed, value: Any) -> KeyValue:
    """A join key of a request as the history has it."""
    if key.type == "bytes":
        return base64.b64decode(value, validate=True)
    if key.type == "unix_timestamp":
        # A time without a zone is UTC; the store knows whole seconds.
        seconds = dates.moment(value)[0] if isinstance(value, str) else value
        return datetime.fromtimestamp(int(seconds), tz=UTC)
    return value


def is_same(served: Any, stored: Any) -> bool:
    """Whether a model that is given a stored value gets this one: a number as a floating one, a moment as a text, a
    category as a label, and a text that means a missing value as none.

    Args:
        served: of a captured record.
        stored: of the history, as the online store would give it.
    """
    if stored is None or served is None:
        missing = isinstance(stored, str) and stored.strip() in cells.MISSING
        return served is None and (stored is None or missing)
    if isinstance(stored, datetime):
        try:
            return dates.moment(str(served))[0] == stored.timestamp()
        except ValueError:
            return False
    if isinstance(served, int | float) and isinstance(stored, int | float):
        return float(served) == float(stored)
    return bool(cells.label(served) == cells.label(stored))
