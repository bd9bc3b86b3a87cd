"""The contract: what a row must look like. Inferred from the data, stored in the bundle, and checked at serving."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from evergreen.contract.feature import LONGEST_TEXT, Feature, FieldProblem, Unusual, Value
from evergreen.errors import MOST_ERRORS, BrokenBundle, FieldError, InvalidRow
from evergreen.quoting import cut, kind_of, shown

if TYPE_CHECKING:
    from evergreen.feature_store.views import View

# A parsed row: the values of the features in the contract's order.
Row = list[Value]

# Pairs of an unknown field and an absent feature that are held against each other, which takes 20 µs each.
_MOST_PAIRS = 1000

# Of JSON, what is read as something else: true and false too.
_TEXTS = frozenset((str, bool))


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The features in the model's order, the target, and the task.

    `classes` are the labels of a classification, in the order of its probabilities. `missing` are the texts that mean a
    missing value; None in a contract of an earlier release, which takes every text as it is. `longest_text` is that of
    Feature. `positive` is the class of two that metrics look for; empty for the second. `stored` are the feature views
    that give what a caller has not sent.
    """

    task: str
    target: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...] = ()
    missing: tuple[str, ...] | None = None
    longest_text: int = LONGEST_TEXT
    positive: str = ""
    stored: tuple["View", ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """Of the features."""
        return frozenset(feature.name for feature in self.features)

    @cached_property
    def _marks(self) -> frozenset[str]:
        return frozenset(self.missing or ())

    def _read(self, text: str) -> str | None:
        """A text as training has read it: without blanks around it, None for a mark of a missing value."""
        if self.missing is None:
            return text
        text = text.strip()
        return None if text in self._marks else text

    def parse(self, features: Any, *, where: str = "features", most: int = MOST_ERRORS) -> Row:
        """A row in the contract's order, from a mapping of feature name to value.

        Args:
            most: unknown fields that an error names; more are counted.

        Raises:
            InvalidRow: names every field that is unknown, absent, or of a wrong value, all at once.
        """
        if not isinstance(features, Mapping):
            raise InvalidRow([wrong(where, features, "an object of feature name to value")])
        row: Row = []
        errors: list[FieldError] = []
        for feature in self.features:
            name = feature.name
            try:
                value = features[name]
                value = self._read(value) if value.__class__ is str else value
                row.append(feature.parse(value, self.longest_text))
            except KeyError:
                place = f"{where}.{name}"
                errors.append(FieldError(place=place, got="nothing", expected=feature._kind(), kind="nothing"))
            except FieldProblem as problem:
                errors.append(wrong(f"{where}.{name}", features[name], problem.expected, feature=name))
        if errors or len(features) > len(row):
            unknown = [name for name in features if name not in self.names]
            errors = [*self._unknown(unknown[:most], features, where), *errors]
            raise InvalidRow(errors, more=len(unknown[most:]))
        return row

    def as_read(self, features: Mapping[str, Any], row: Row) -> dict[str, Any]:
        """The features of a request for its record: texts as they were read, dates among them; all else as it came.

        Args:
            row: what `parse` made of them.
        """
        read = dict(features)
        for place, name in enumerate(self._order):
            if read[name].__class__ in _TEXTS:
                value = row[place]
                # A text that became a number is a date.
                read[name] = None if value != value else read[name].strip() if value.__class__ is float else value
        return read

    @cached_property
    def _order(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def _unknown(self, names: Sequence[str], features: Mapping[str, Any], where: str) -> list[FieldError]:
        if not names:
            return []
        absent = sorted(self.names - features.keys())
        known = len(names) * len(absent) <= _MOST_PAIRS
        return [unknown(where, name, _nearest(cut(str(name)), absent) if known else "no such field") for name in names]

    def unusual(self, row: Row) -> list[Unusual]:
        """The values of a valid row that training never saw."""
        found = (feature.unusual(value) for feature, value in zip(self.features, row, strict=True))
        return [unusual for unusual in found if unusual]

    def to_json(self) -> bytes:
        document = asdict(self)
        for feature in document["features"]:
            if feature["form"] is None:
                del feature["form"]
        if not self.stored:
            del document["stored"]
        return json.dumps(document, indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, document: bytes) -> "Contract":
        """
        Raises:
            BrokenBundle: the document is not a contract.
        """
        try:
            table = json.loads(document)
            features = tuple(
                Feature(**{**feature, "categories": tuple(feature["categories"])}) for feature in table["features"]
            )
            missing = table.get("missing")
            return cls(
                task=table["task"],
                target=table["target"],
                features=features,
                classes=tuple(table["classes"]),
                missing=None if missing is None else tuple(missing),
                # Contracts of before have none.
                longest_text=int(table.get("longest_text", LONGEST_TEXT)),
                positive=str(table.get("positive", "")),
                stored=_views(table["stored"]) if "stored" in table else (),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BrokenBundle(f"contract.json is not a contract: {error!r}") from error


def _views(records: Sequence[Mapping[str, Any]]) -> "tuple[View, ...]":
    # Imported here, since most models have none, and every import adds to the cold start.
    try:
        from evergreen.feature_store.views import View
    except ModuleNotFoundError:
        # The zip of an endpoint without a feature store: what a caller has not sent is missing there.
        return ()
    return tuple(View.from_record(record) for record in records)


def _nearest(name: str, absent: list[str]) -> str:
    """The feature that an unknown field probably stands for: the most similar absent one."""
    # Imported here, since only an invalid request needs it, and every import adds to the cold start.
    import difflib

    nearest = difflib.get_close_matches(name, absent, n=1)
    return f"the feature {nearest[0]!r} under its own name" if nearest else "no such field"


def wrong(place: str, value: Any, expected: str, *, feature: str = "") -> FieldError:
    """The error for a value that came at a place."""
    return FieldError(place=place, got=shown(value), expected=expected, kind=kind_of(value), feature=feature)


def unknown(place: str, name: Any, expected: str) -> FieldError:
    """The error for a field that there is not, in what came at a place."""
    got = "an unknown field"
    return FieldError(place=place, name=cut(str(name)), got=got, kind=got, expected=expected)
