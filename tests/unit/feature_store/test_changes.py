"""What definitions may no longer say, once a model was trained with them."""

from dataclasses import replace

import pytest

from evergreen.feature_store.changes import broken_by
from evergreen.feature_store.views import Typed, View

SALES = View(
    name="sales",
    keys=(Typed("city", "string"), Typed("kind", "int64")),
    features=(Typed("mean", "double"), Typed("count", "int64"), Typed("unread", "bool")),
    ttl_seconds=60,
)
OTHER = View(name="other", keys=(Typed("city", "string"),), features=(Typed("unread too", "bool"),))


FEATURES = frozenset(["rooms", "mean", "count"])


@pytest.mark.parametrize(
    "defined",
    [
        [SALES, OTHER],
        [SALES],  # nothing is taken from the other
        [replace(SALES, keys=SALES.keys[::-1], features=SALES.features[::-1])],
        [replace(SALES, features=(*SALES.features, Typed("new", "string"))), View(name="new", keys=(), features=())],
        [replace(SALES, features=SALES.features[:2])],
        [replace(SALES, ttl_seconds=0)],
    ],
)
def test_what_the_model_does_not_take_may_change(defined):
    assert broken_by(defined, [SALES, OTHER], FEATURES) == []


def test_a_model_without_stored_features_needs_none():
    assert broken_by([], [], FEATURES) == []


@pytest.mark.parametrize(
    ("defined", "here", "there"),
    [
        ([OTHER], "no view sales", "its mean, count"),
        ([replace(SALES, keys=SALES.keys[:1])], "keys city (string) in the view sales", "city (string), kind (int64)"),
        (
            [replace(SALES, keys=(SALES.keys[0], Typed("kind", "string")))],
            "keys city (string), kind (string)",
            "city (string), kind (int64)",
        ),
        ([replace(SALES, features=SALES.features[1:])], "no feature mean in the view sales", "it as double"),
        (
            [replace(SALES, features=(Typed("mean", "float"), *SALES.features[1:]))],
            "mean of the view sales as float",
            "trained with double",
        ),
    ],
)
def test_what_it_takes_must_stay_and_both_sides_are_named(defined, here, there):
    (found,) = broken_by(defined, [SALES, OTHER], FEATURES)

    assert here in found
    assert there in found


def test_every_difference_is_named_at_once():
    defined = replace(SALES, keys=SALES.keys[:1], features=(Typed("mean", "float"),))

    assert len(broken_by([defined], [SALES], FEATURES)) == 3
