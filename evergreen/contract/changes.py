"""The differences between two contracts, and whether they break callers of the endpoint."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evergreen.contract.contract import Contract
from evergreen.contract.date_form import ZONED
from evergreen.contract.feature import CATEGORY, DATE, Feature
from evergreen.number_text import apart

_NAMED_CATEGORIES = 5


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference, as a sentence without a full stop.

    Attributes:
        breaks_callers: whether a request that was valid before is refused now, or its answer means something else.
    """

    text: str
    breaks_callers: bool


def compare(before: Contract, after: Contract) -> list[Change]:
    """The changes from one contract to the next, breaking ones first. The order of features does not matter."""
    changes = [*_answer(before, after), *_texts(before, after), *_features(before, after)]
    shared = before.names & after.names
    if shared and are_unrelated(before, after):
        what = f"{next(iter(shared))} has" if len(shared) == 1 else f"{len(shared)} features of both have"
        changes.append(_breaking(f"{what} not one value in common with before: the table is another one"))
    return sorted(changes, key=lambda change: not change.breaks_callers)


def are_unrelated(one: Contract, other: Contract) -> bool:
    """Whether nothing shows that both are of tables about the same: no feature of both has values in common.

    Tables that share a range or a category of any feature pass, so this finds only what is surely another table.
    """
    was = {feature.name: feature for feature in one.features}
    return not any(feature.name in was and _overlap(was[feature.name], feature) for feature in other.features)


def _overlap(one: Feature, other: Feature) -> bool:
    """Whether two features of one name are of one type, and have a category or a part of their ranges in common."""
    if one.type != other.type:
        return False
    if one.type == CATEGORY:
        return not set(one.categories).isdisjoint(other.categories)
    if one.type == DATE:
        # Of a later table, all dates are later.
        return True
    if one.minimum is None or one.maximum is None or other.minimum is None or other.maximum is None:
        return True
    return one.minimum <= other.maximum and other.minimum <= one.maximum


def _answer(before: Contract, after: Contract) -> Iterator[Change]:
    if before.target != after.target:
        yield _breaking(f"the target was {before.target!r} and is now {after.target!r}")
    if before.task != after.task:
        yield _breaking(f"the task was {before.task} and is now {after.task}")
    elif before.classes != after.classes:
        for change in _labels("the target", ("class", "classes"), before.classes, after.classes):
            yield _breaking(change.text)


def _texts(before: Contract, after: Contract) -> Iterator[Change]:
    text = f"a text could have {before.longest_text} characters and may now have {after.longest_text}"
    if after.longest_text < before.longest_text:
        yield _breaking(text)
    elif after.longest_text > before.longest_text:
        yield _harmless(text)


def _features(before: Contract, after: Contract) -> Iterator[Change]:
    was = {feature.name: feature for feature in before.features}
    now = {feature.name: feature for feature in after.features}
    for name in was:
        if name not in now:
            yield _breaking(f"the feature {name!r} is gone: requests that carry it would be refused")
    for name, feature in now.items():
        if name not in was:
            yield _breaking(f"the feature {name!r} is new: requests without it would be refused")
        else:
            yield from _feature(was[name], feature)


def _feature(before: Feature, after: Feature) -> Iterator[Change]:
    name = after.name
    if before.type != after.type:
        yield _breaking(f"{name} was a {before.type} and is now a {after.type}")
        return
    if before.missing_allowed and not after.missing_allowed:
        yield _breaking(f"{name} could be null and no longer can: no training row lacked it")
    if after.missing_allowed and not before.missing_allowed:
        yield _harmless(f"{name} may now be null: rows of the table lacked it")
    if before.form != after.form:
        yield from _form(before, after)
    if after.type == DATE:
        return
    if after.type == CATEGORY:
        yield from _labels(name, ("category", "categories"), before.categories, after.categories)
    elif (before.minimum, before.maximum) != (after.minimum, after.maximum):
        was, now = _ranges(before, after)
        yield _harmless(f"{name} ranged {was} in training and now ranges {now}")


def _form(before: Feature, after: Feature) -> Iterator[Change]:
    """A time zone is asked for or refused; a time of the day may always be there or not."""
    if (before.form == ZONED) != (after.form == ZONED):
        with_, without = ("with", "without") if after.form == ZONED else ("without", "with")
        yield _breaking(f"{after.name} came {without} a time zone and now comes {with_} one")
    else:
        yield _harmless(f"{after.name} was a {before.form} in training and is now a {after.form}")


def _labels(of: str, kind: tuple[str, str], before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """New or removed categories break no caller: an unseen category is answered, with a warning."""
    for verb, labels in (
        ("gains", sorted(set(after) - set(before))),
        ("loses", sorted(set(before) - set(after))),
    ):
        if labels:
            yield _harmless(f"{of} {verb} the {kind[len(labels) > 1]} {_listed(labels)}")


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(map(repr, labels[:_NAMED_CATEGORIES]))
    more = len(labels) - _NAMED_CATEGORIES
    return f"{named} and {more} more" if more > 0 else named


def _ranges(before: Feature, after: Feature) -> tuple[str, str]:
    """Both training ranges, written so that they can be told apart."""
    ends = [end for feature in (before, after) for end in (feature.minimum, feature.maximum) if end is not None]
    text = dict(zip(ends, apart(*ends), strict=True))
    return _range(before, text), _range(after, text)


def _range(feature: Feature, text: Mapping[float, str]) -> str:
    if feature.minimum is None or feature.maximum is None:
        return "over nothing"
    return f"from {text[feature.minimum]} to {text[feature.maximum]}"


def _breaking(text: str) -> Change:
    return Change(text=text, breaks_callers=True)


def _harmless(text: str) -> Change:
    return Change(text=text, breaks_callers=False)
