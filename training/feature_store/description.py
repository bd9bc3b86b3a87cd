"""A feature service as data, and all that makes one unfit for a model that runs without Feast."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from feast import FeatureView, FileSource, PushSource
from feast.data_format import ParquetFormat
from feast.feature_service import FeatureService as FeastService
from feast.feature_view import DUMMY_ENTITY_NAME
from feast.feature_view_projection import FeatureViewProjection
from feast.value_type import ValueType

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.views import FEATURE_TYPES, KEY_TYPES, FeatureService, Source, Typed, View
from training.feature_store.definitions import Definitions
from training.feature_store.reserved import EVENT_TIMESTAMP, why_not

# A table's name, which has the project's before it, may have 255 characters.
_VIEW_NAME = re.compile(r"[A-Za-z0-9_.-]{1,120}")
_PATH = re.compile(r"(data/[A-Za-z0-9_.-]+)/\*\.parquet")


def service_of(definitions: Definitions, name: str) -> FeastService:
    """
    Raises:
        InvalidFeatures: there is no such service; the message names those that there are.
    """
    services = {service.name: service for service in definitions.contents.feature_services}
    if name not in services:
        there = ", ".join(sorted(services)) or "none"
        raise InvalidFeatures(
            f"{definitions.folder.name}/ has no feature service {name!r} (it has: {there}); "
            "define it there, or name another in model.toml, [features], service"
        )
    return services[name]


def describe(definitions: Definitions, name: str) -> FeatureService:
    """
    Raises:
        InvalidFeatures: there is no such service, or a model cannot use it; the message has every fault.
    """
    service = service_of(definitions, name)
    faults = list(_of_the_service(service))
    views: list[View] = []
    sources: dict[str, Source] = {}
    for projection in service.feature_view_projections:
        description = _Description(definitions, projection)
        faults += description.faults
        views.append(description.view)
        sources[projection.name] = description.source
    faults += _between(views)
    if faults:
        raise InvalidFeatures(f"feature service {name!r}: " + "; ".join(dict.fromkeys(faults)))
    return FeatureService(
        name=name, digest=definitions.digest, key_version=definitions.key_version, views=tuple(views), sources=sources
    )


def _of_the_service(service: FeastService) -> Iterator[str]:
    for text in service._pending_feature_refs:
        yield f"it names {text!r} as text; name the view itself, or some of its features: view[['feature']]"
    if service.precompute_online:
        yield "precompute_online is not supported; remove it"
    if not service.feature_view_projections and not service._pending_feature_refs:
        yield "it has no views; name some in features=[...]"


def _between(views: list[View]) -> Iterator[str]:
    """Faults of the views beside each other: a row has one column of each name."""
    keys: dict[str, tuple[str, str]] = {}
    for view in views:
        for key in view.keys:
            other, type_ = keys.setdefault(key.name.lower(), (view.name, key.type))
            if type_ != key.type:
                yield f"key {key.name!r} is {type_} in view {other!r}, {key.type} in {view.name!r}; give it one type"
    owners: dict[str, str] = {}
    for view in views:
        for feature in view.features:
            # DuckDB does not tell capital letters from small ones.
            name = feature.name.lower()
            if name in owners:
                yield (
                    f"feature {feature.name!r} is in the views {owners[name]!r} and {view.name!r}; "
                    "rename one of them, by field_mapping of its source"
                )
            elif name in keys:
                yield f"feature {feature.name!r} of view {view.name!r} has the name of a key; rename one of them"
            owners.setdefault(name, view.name)


class _Description:
    """A view of the service, with its faults."""

    def __init__(self, definitions: Definitions, projection: FeatureViewProjection) -> None:
        self.faults: list[str] = []
        self.view = View(name=projection.name, keys=(), features=())
        self.source = Source(folder="", event_time="", created="", columns={})
        of_name = (view for view in definitions.contents.feature_views if view.name == projection.name)
        found = next(of_name, None)
        # Its subclasses compute features instead of reading them.
        if found is None or type(found) is not FeatureView or found.source_views:
            self._fault("is computed (on demand, batch, stream, label or derived), and only stored ones are supported")
            return
        if next(of_name, None):
            self._fault("is defined twice; rename one of them")
        self._check_projection(projection)
        self._check_view(found)
        self.view = View(
            name=found.name,
            keys=tuple(self._keys(definitions, found)),
            features=tuple(self._features(projection)),
            ttl_seconds=self._seconds(found.ttl),
        )
        self.source = self._source(found)

    def _fault(self, text: str) -> None:
        self.faults.append(f"view {self.view.name!r} {text}")

    def _check_projection(self, projection: FeatureViewProjection) -> None:
        if projection.name_alias:
            self._fault(f"is renamed by with_name({projection.name_alias!r}), which is not supported; remove it")
        if projection.join_key_map:
            self._fault("has with_join_key_map(...), which is not supported; remove it, and rename the table's column")
        if projection.version_tag is not None:
            self._fault("is pinned to a version, which is not supported; remove version=...")

    def _check_view(self, view: FeatureView) -> None:
        if not _VIEW_NAME.fullmatch(view.name):
            self._fault("needs another name: 1 to 120 of A-Z, a-z, 0-9, '_', '.' and '-', which DynamoDB's tables take")
        if not (view.online and view.enabled):
            self._fault("is switched off; give it online=True and enabled=True")

    def _keys(self, definitions: Definitions, view: FeatureView) -> Iterator[Typed]:
        if view.entities == [DUMMY_ENTITY_NAME]:
            self._fault("has no entity, so no row could find its values; give it entities=[...]")
            return
        entities = {entity.name: entity for entity in definitions.contents.entities}
        declared = {column.name: column.dtype.to_value_type() for column in view.entity_columns}
        for name in view.entities:
            if name not in entities:
                self._fault(f"has the entity {name!r}, which no module-level variable holds; give it one")
                continue
            key = entities[name].join_key
            type_ = _name(declared.get(key, entities[name].value_type))
            if type_ == "unknown":
                self._fault(f"does not say of which type its key {key!r} is; add Field(name={key!r}, dtype=...)")
            elif type_ not in KEY_TYPES:
                self._fault(f"has the key {key!r} of type {type_}; it should be one of {', '.join(KEY_TYPES)}")
            self._check_name("key", key)
            yield Typed(key, type_)

    def _features(self, projection: FeatureViewProjection) -> Iterator[Typed]:
        if not projection.features or projection.desired_features:
            self._fault("has no schema; name its features and their types in schema=[Field(...), ...]")
        for field in projection.features:
            type_ = _name(field.dtype.to_value_type())
            if type_ not in FEATURE_TYPES:
                self._fault(f"has the feature {field.name!r} of type {type_}; use one of {', '.join(FEATURE_TYPES)}")
            self._check_name("feature", field.name)
            yield Typed(field.name, type_)

    def _check_name(self, kind: str, name: str) -> None:
        if reason := why_not(name):
            self._fault(f"has the {kind} {name!r}: {reason}; rename it, by field_mapping of the source")

    def _seconds(self, ttl: timedelta | None) -> int:
        if ttl is None:
            return 0
        if ttl < timedelta() or ttl.microseconds:
            self._fault(f"has the ttl {ttl}; give it whole seconds, 0 for no limit")
        return int(ttl.total_seconds())

    def _source(self, view: FeatureView) -> Source:
        source: Any = view.batch_source
        streamed = view.stream_source is not None and not isinstance(view.stream_source, PushSource)
        if not isinstance(source, FileSource) or streamed:
            kind = type(view.stream_source if streamed else source).__name__
            self._fault(f"has a {kind}; give it a FileSource, or a PushSource with a FileSource as batch_source")
            return self.source
        if view.stream_source is not None and source.field_mapping:
            # Its materialisation looks for one at the PushSource, which takes none.
            self._fault("has a PushSource over a field_mapping, which Feast ignores; rename the columns in the files")
        path = _PATH.fullmatch(source.path)
        if not path or not isinstance(source.file_format, ParquetFormat | None):
            self._fault(f"reads {source.path!r}; its FileSource should have Parquet at path='data/<folder>/*.parquet'")
        for argument, column, what in (
            ("timestamp_field", source.timestamp_field, "the moment of an event"),
            ("created_timestamp_column", source.created_timestamp_column, "the moment from which a value was known"),
        ):
            if not column:
                self._fault(f"has a source without {argument}, the column with {what}; give it one")
            elif column in source.field_mapping or column in source.field_mapping.values():
                self._fault(f"has a source whose {argument} {column!r} is in field_mapping; take it out there")
            elif column != EVENT_TIMESTAMP and (reason := why_not(column)):
                self._fault(f"has a source with the {argument} {column!r}: {reason}; rename the column in the files")
        return Source(
            folder=path[1] if path else "",
            event_time=source.timestamp_field,
            created=source.created_timestamp_column,
            columns={
                name: column
                for column, name in source.field_mapping.items()
                if name != column and name in {typed.name for typed in (*self.view.keys, *self.view.features)}
            },
        )


def _name(type_: ValueType) -> str:
    return type_.name.lower()
