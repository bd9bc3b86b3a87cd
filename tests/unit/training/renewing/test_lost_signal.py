"""Whether labels were mixed up: no model could learn from them, as it could from a world that has changed."""

import numpy as np
import pandas as pd
import pytest

from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.judging.dependence import Units
from evergreen.settings.sections import DataSettings, EstimatorSettings, ModelSettings, RenewalSettings, SplitSettings
from training.preparing.rows import TrainingRows
from training.renewing.lost_signal import Unseen, lost, lost_signal, mean_distance, unseen
from training.train import fit

FEATURES = (Feature(name="rooms", type=NUMBER, missing_allowed=False),)
REGRESSION = Contract(task="regression", target="price", features=FEATURES)
CLASSIFICATION = Contract(task="classification", target="price", features=FEATURES, classes=("dear", "fair"))
MOST = RenewalSettings().most_lost


def settings(contract, estimator):
    return ModelSettings(
        name="houses",
        task=contract.task,
        metric="accuracy" if contract.classes else "mae",
        data=DataSettings(path="houses.csv", target="price"),
        split=SplitSettings(type="random", holdout=0.25),
        estimator=EstimatorSettings(type=estimator),
    )


def world(contract, *, rows=400, seed=0, price_of_a_room=10.0, scale=1.0, mixed=0.0, groups=0):
    """Rows whose price depends on the rooms; a share of the labels is mixed up."""
    generator = np.random.default_rng(seed)
    rooms = generator.uniform(0, 10, rows)
    price = scale * (rooms * price_of_a_room + generator.normal(0, 10, rows))
    labels = price if not contract.classes else np.where(price > np.median(price), "dear", "fair").astype(object)
    places = generator.choice(rows, int(mixed * rows), replace=False)
    labels[places] = generator.permutation(labels[places])
    units = Units(groups=np.arange(rows) % groups) if groups else Units()
    return TrainingRows(table=pd.DataFrame({"rooms": rooms, "price": labels}), units=units)


def share(contract, before, now):
    estimator = "logistic" if contract.classes else "ridge"
    return lost_signal(before, now, contract, settings(contract, estimator), fit)


@pytest.mark.parametrize(("contract", "mixed"), [(REGRESSION, 1 / 2), (CLASSIFICATION, 1 / 3)])
@pytest.mark.parametrize("groups", [0, 20])
def test_labels_that_were_mixed_up_are_seen(contract, mixed, groups):
    before, now = world(contract, groups=groups), world(contract, seed=1, mixed=mixed, groups=groups)
    assert share(contract, before, now) > MOST


@pytest.mark.parametrize("contract", [REGRESSION, CLASSIFICATION])
@pytest.mark.parametrize("change", [{}, {"price_of_a_room": -20.0}, {"scale": 5.0}, {"rows": 100}])
def test_another_world_can_be_learned(contract, change):
    before, now = (
        world(contract, rows=change.get("rows", 400)),
        world(contract, seed=1, **change),
    )
    assert share(contract, before, now) < MOST / 2


@pytest.mark.parametrize("contract", [REGRESSION, CLASSIFICATION])
def test_rows_that_are_much_alike_have_less_to_tell_and_are_no_fault(contract):
    now = world(contract, seed=1, rows=2000)
    for least, most in ((2.0, 2.5), (4.5, 5.5), (9.0, 10.0)):
        alike = now.take(np.flatnonzero(now.table["rooms"].between(least, most)))
        assert share(contract, world(contract, rows=1600), alike) < MOST / 2


def test_harder_rows_are_held_against_rows_that_are_as_hard():
    before, now = world(REGRESSION, rows=1600), world(REGRESSION, seed=1, rows=1600)
    for rows, seed in ((before, 2), (now, 3)):
        noise = np.random.default_rng(seed).normal(0, 30, 1600)
        rows.table["price"] += np.where(rows.table["rooms"] > 7, noise, 0)
    dear = now.take(np.flatnonzero(now.table["rooms"] > 7))
    assert share(REGRESSION, before, dear) < MOST / 2


def test_a_few_wrong_labels_are_everyday():
    assert share(REGRESSION, world(REGRESSION), world(REGRESSION, seed=1, mixed=0.05)) < MOST


def test_where_little_was_known_nothing_can_be_lost():
    nothing = world(REGRESSION, price_of_a_room=0.0)
    assert share(REGRESSION, nothing, world(REGRESSION, seed=1, mixed=1.0)) == 0.0


def test_what_chance_may_do_is_no_loss():
    few, many = np.array([0.0, 1.0] * 10) * 0.5, np.array([0.0, 1.0] * 1000) * 0.5
    worse = {len(losses): Unseen(said=losses, losses=losses + 0.25, dealt=1.0) for losses in (few, many)}
    assert lost(few, 1.0, worse[len(few)]) == 0.0
    assert lost(many, 1.0, worse[len(many)]) == pytest.approx(1 / 3)


def test_labels_that_are_all_the_same_tell_nothing_and_are_no_fault():
    same = TrainingRows(table=world(REGRESSION).table.assign(price=7.0))
    assert share(REGRESSION, same, same) == 0.0


def test_where_a_class_is_too_rare_for_a_model_nobody_can_tell():
    rows = world(CLASSIFICATION)
    rare = TrainingRows(table=rows.table.assign(price=["dear", *["fair"] * 399]))
    assert unseen(rare, CLASSIFICATION, settings(CLASSIFICATION, "logistic"), fit) is None


@pytest.mark.parametrize(
    ("one", "other"), [([1.0], [4.0]), ([1.0, 2.0, 2.0], [2.0, -1.0]), ([0.5] * 3, [0.5, 7.0, 0.1])]
)
def test_labels_dealt_at_random_are_every_pair(one, other):
    expected = np.abs(np.subtract.outer(np.array(one), np.array(other))).mean()
    assert mean_distance(np.array(one), np.array(other)) == pytest.approx(expected)
