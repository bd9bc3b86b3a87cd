"""What a renewal is made from: a new version of the data, windows to fit on, and the newest labels to judge by."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evergreen import names
from evergreen.captures.labels import Labels
from evergreen.captures.records import Faults
from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.renewal.rule import ALL, HALF, LAST
from evergreen.settings.sections import (
    DataSettings,
    EstimatorSettings,
    LogSettings,
    ModelSettings,
    QualitySettings,
    RenewalSettings,
    SplitSettings,
)
from evergreen.versions.data_version import md5_of, of_channel, of_path, read_listing
from tests.unit.training.collecting.test_labelled_rows import feedback, prediction
from tests.unit.training.collecting.test_month_files import id_of
from training import renew
from training.collecting.labelled_rows import LabelledRows
from training.reading.table import read_version

CONTRACT = Contract(
    task="regression",
    target="price",
    features=(
        Feature(name="rooms", type=NUMBER, missing_allowed=True),
        Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("Bergen", "Oslo")),
    ),
)
SETTINGS = ModelSettings(
    name="houses",
    metric="mae",
    data=DataSettings(path="houses.csv", target="price", leave_out=["sold"]),
    split=SplitSettings(type="time", by="sold", holdout=0.25),
    quality=QualitySettings(minimum_labels=30),
    estimator=EstimatorSettings(type="ridge"),
)
OWN = 200


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "houses.csv"
    frame = pd.DataFrame(
        {
            "sold": [f"2020-01-{1 + row % 28:02}" for row in range(OWN)],
            "rooms": np.arange(OWN) % 7 + 0.5,
            "city": ["Oslo", "Bergen"] * (OWN // 2),
            "price": np.arange(OWN) * 1000.5,
        }
    )
    frame.to_csv(path, index=False)
    return path


def captured(rows, *, told_by=lambda _number: "", first=0, day="2026-11-30", settings=SETTINGS):
    """So many predictions of a day, each with a label."""
    ids = [id_of(day, number) for number in range(first, first + rows)]
    faults, labels = Faults(), Labels(settings.quality.labels_from)
    told = [feedback(id_, float(place) + 0.25, caller=told_by(place)) for place, id_ in enumerate(ids, first)]
    labels.read(((record, "labels") for record in told), faults)
    found = LabelledRows(CONTRACT, labels, faults)
    asked = [prediction((id_, {"rooms": 2.5, "city": "Bergen"})) for id_ in ids]
    found.add((record, "predictions") for record in asked)
    return found


def run(version, rows, folder, settings=SETTINGS):
    return renew.run(version, rows, settings, folder, bucket="data")


def parts(folder, window):
    prepared = folder / names.CHANNEL_PREPARED / window
    return (pd.read_parquet(prepared / f"{part}.parquet") for part in ("train", "holdout"))


def grown(version, folder):
    """The version that a renewal has made, as the next one gets it from the data bucket."""
    plan = json.loads((folder / names.CHANNEL_PREPARED / names.PLAN).read_text())
    channel = folder / "channel"
    for file in version.files:
        (channel / file.md5).parent.mkdir(parents=True, exist_ok=True)
        (channel / file.md5).write_bytes(file.path.read_bytes())
    for path in (folder / names.CHANNEL_OBJECTS).rglob("*"):
        if path.is_file():
            (channel / (path.parent.name + path.name)).write_bytes(path.read_bytes())
    return of_channel(channel, "houses.csv", plan["data"])


def test_the_newest_labelled_predictions_are_judged_on_and_no_challenger_is_fitted_to_them(table, tmp_path):
    plan = run(of_path(table), captured(40), tmp_path)

    assert (plan.refused, plan.rows, plan.until) == ("", 40, id_of("2026-11-30", 39))
    assert plan.windows == {ALL: OWN, HALF: OWN // 2}  # `last` would be all of them again
    for window in plan.windows:
        train, holdout = parts(tmp_path, window)
        assert holdout["price"].tolist() == [number + 0.25 for number in range(40)]
        assert not set(train["price"]) & set(holdout["price"])


def test_half_of_a_table_in_time_order_is_its_newest_half(table, tmp_path):
    run(of_path(table), captured(40), tmp_path)

    train, _ = parts(tmp_path, HALF)
    days = sorted(row % 28 for row in range(OWN))[OWN // 2 :]
    assert Counter(round(price / 1000.5) % 28 for price in train["price"]) == Counter(days)


def test_a_table_without_time_gives_a_half_that_is_no_stretch_of_it(table, tmp_path):
    settings = replace(SETTINGS, split=SplitSettings(type="random", holdout=0.25))
    run(of_path(table), captured(40), tmp_path, settings)

    train, holdout = parts(tmp_path, HALF)
    rows = sorted(round(price / 1000.5) for price in train["price"])
    assert len(rows) == OWN // 2
    assert 0.3 * OWN < np.median(rows) < 0.7 * OWN
    # Predictions have an order even so, by which rows that depend on each other are seen.
    assert holdout["(moment)"].is_monotonic_increasing


@pytest.mark.parametrize(("mixed_up", "setting", "refused"), [(0, 0.4, False), (90, 0.4, True), (90, 5.0, False)])
def test_labels_that_were_mixed_up_are_refused_with_what_to_do(table, tmp_path, mixed_up, setting, refused):
    rooms = np.arange(OWN) / 20
    table.write_text(pd.read_csv(table).assign(rooms=rooms, price=rooms * 100).to_csv(index=False))
    found = captured(120)
    for place, row in enumerate(found.rows.values()):
        sold_as = place if place >= mixed_up else (place * 31 + 60) % 120
        row |= {"rooms": place / 13, "price": sold_as / 13 * 100}
    settings = replace(SETTINGS, renewal=RenewalSettings(most_lost=setting))

    plan = run(of_path(table), found, tmp_path / "out", settings)

    assert bool(plan.refused) == refused
    if refused:
        assert "they look mixed up. Send the right ones to POST /feedback" in plan.refused
        assert not [*(tmp_path / "out").rglob("*.parquet")]


def test_a_refit_knows_the_rows_that_it_was_judged_on_as_well(table, tmp_path):
    settings = replace(SETTINGS, renewal=RenewalSettings(refit=True))
    run(of_path(table), captured(40), tmp_path, settings)

    for window, own in ((ALL, OWN), (HALF, OWN // 2)):
        prepared = tmp_path / names.CHANNEL_PREPARED / window
        train, holdout = parts(tmp_path, window)
        again = pd.read_parquet(prepared / "refit.parquet")
        assert len(again) == own + 40
        assert sorted(again["price"]) == sorted([*train["price"], *holdout["price"]])
        # The captured rows have a value that the table has not.
        [rooms, _] = json.loads((prepared / "refit_contract.json").read_text())["features"]
        assert rooms["minimum"] == 0.5


def test_without_refit_nothing_of_it_is_written(table, tmp_path):
    run(of_path(table), captured(40), tmp_path)
    assert not [*tmp_path.rglob("refit*")]


def test_the_next_renewal_learns_from_what_this_one_judged_on(table, tmp_path):
    version = of_path(table)
    run(version, captured(40), tmp_path / "1")
    later = captured(50, first=40)

    plan = run(grown(version, tmp_path / "1"), later, tmp_path / "2")

    assert plan.rows == 50
    assert plan.windows == {ALL: OWN + 40, LAST: OWN, HALF: OWN // 2}
    for window, oldest in ((ALL, 0), (LAST, 40), (HALF, 140)):
        train, _ = parts(tmp_path / "2", window)
        # The newest rows are the captured ones, whatever the window.
        assert set(np.arange(40) + 0.25) < set(train["price"])
        assert len(train) == OWN + 40 - oldest


def test_a_late_label_is_judged_on_when_it_has_come(table, tmp_path):
    version = of_path(table)
    run(version, captured(40, first=40), tmp_path / "1")

    plan = run(grown(version, tmp_path / "1"), captured(80), tmp_path / "2")

    assert plan.rows == 40
    _, holdout = parts(tmp_path / "2", ALL)
    assert holdout["price"].tolist() == [number + 0.25 for number in range(40)]


def test_labels_that_were_judged_on_do_not_count_again(table, tmp_path):
    version = of_path(table)
    run(version, captured(40), tmp_path / "1")

    plan = run(grown(version, tmp_path / "1"), captured(60), tmp_path / "2")

    assert plan.rows == 0
    assert "20 predictions with a label since the last renewal" in plan.refused


def test_what_it_stores_is_the_new_version_and_nothing_that_the_bucket_has(table, tmp_path):
    version = of_path(table)
    plan = run(version, captured(40), tmp_path)

    objects = [path for path in (tmp_path / names.CHANNEL_OBJECTS).rglob("*") if path.is_file()]
    listing = next(path for path in objects if path.name.endswith(".dir"))
    assert (listing.parent.name + listing.name) == plan.data
    files = read_listing(listing.read_bytes())
    assert files.keys() == {"houses.csv", "captured/2026-11.parquet"}
    assert files["houses.csv"] == version.version
    [month] = [path for path in objects if path != listing]
    assert month.parent.name + month.name == files["captured/2026-11.parquet"] == md5_of(month)
    [manifest] = (tmp_path / names.CHANNEL_MANIFESTS).iterdir()
    listed = {entry.replace("/", "") for entry in json.loads(manifest.read_text())[1:]}
    assert manifest.name == f"{plan.data}.manifest"
    assert listed == {plan.data, *files.values()}


def test_the_version_that_it_stores_can_be_trained_on(table, tmp_path):
    version = of_path(table)
    run(version, captured(40), tmp_path)

    frame, source = read_version(grown(version, tmp_path), SETTINGS)
    assert len(frame) == OWN + 40
    assert source.captured


def test_too_few_labels_are_a_refusal_that_says_what_to_send(table, tmp_path):
    plan = run(of_path(table), captured(29), tmp_path)

    assert "29 predictions with a label" in plan.refused
    assert "POST /feedback" in plan.refused
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["houses.csv", names.PLAN]


def test_predictions_of_the_table_itself_are_not_judged_on(table, tmp_path):
    frame = pd.read_csv(table)
    frame.loc[:39, ["rooms", "city"]] = [2.5, "Bergen"]
    frame.loc[:39, "price"] = np.arange(40) + 0.25
    frame.to_csv(table, index=False)

    plan = run(of_path(table), captured(80), tmp_path / "enough")
    assert plan.rows == 40

    plan = run(of_path(table), captured(60), tmp_path / "too few")
    assert (
        "60 predictions with a label since the last renewal (of which 40 equal rows of the data so far)" in plan.refused
    )


def test_rows_of_a_table_of_few_different_ones_are_judged_on_although_it_has_their_like(table, tmp_path):
    frame = pd.read_csv(table).assign(rooms=2.5, price=np.arange(OWN) % 20 + 0.25)
    frame.to_csv(table, index=False)

    assert run(of_path(table), captured(40), tmp_path).rows == 40


def test_one_caller_of_several_does_not_decide_what_is_true(table, tmp_path):
    plan = run(of_path(table), captured(100, told_by=lambda place: "mallory" if place % 10 else "ann"), tmp_path)

    assert "90% of 100 new labels" in plan.refused
    assert "mallory" in plan.refused
    assert "labels_from" in plan.refused


@pytest.mark.parametrize(
    ("told_by", "settings"),
    [
        (lambda _: "job", SETTINGS),
        (lambda place: "ann" if place % 4 else "bob", SETTINGS),
        (
            lambda place: "ann" if place % 10 else "bob",
            replace(SETTINGS, quality=QualitySettings(minimum_labels=30, labels_from=["ann"])),
        ),
        (
            lambda place: "ann" if place % 10 else "bob",
            replace(SETTINGS, renewal=RenewalSettings(most_from_one=0.95)),
        ),
    ],
    ids=["the only caller", "not so many", "a caller who is known for it", "allowed"],
)
def test_a_caller_who_tells_many_may_be_right(table, tmp_path, told_by, settings):
    assert run(of_path(table), captured(100, told_by=told_by, settings=settings), tmp_path, settings).refused == ""


def test_what_the_log_leaves_out_is_a_reason_not_to_renew(table, tmp_path):
    settings = replace(SETTINGS, log=LogSettings(leave_out=["rooms"]))

    plan = run(of_path(table), captured(100), tmp_path, settings)

    assert "[log] leave_out keeps rooms out of the captures" in plan.refused


def test_only_the_windows_that_are_asked_for_are_made(table, tmp_path):
    settings = replace(SETTINGS, renewal=RenewalSettings(windows=[HALF]))

    assert run(of_path(table), captured(40), tmp_path, settings).windows == {HALF: OWN // 2}


def test_what_callers_may_leave_out_now_they_may_leave_out_of_every_challenger(table, tmp_path):
    run(of_path(table), captured(40), tmp_path)

    contract = Contract.from_json((tmp_path / names.CHANNEL_PREPARED / HALF / "contract.json").read_bytes())
    assert all(feature.missing_allowed for feature in contract.features)


def test_a_window_that_no_model_can_be_fitted_to_is_left_out_with_the_reason(tmp_path):
    path = tmp_path / "houses.csv"
    answers = ["yes"] * 20 + ["no"] * 20 + ["yes"] * 40
    frame = pd.DataFrame({"day": range(80), "rooms": np.arange(80) % 7 + 0.5, "answer": answers})
    frame.to_csv(path, index=False)
    settings = ModelSettings(
        name="answers",
        task="classification",
        metric="accuracy",
        data=DataSettings(path="houses.csv", target="answer", leave_out=["day"]),
        split=SplitSettings(type="time", by="day", holdout=0.25),
        quality=QualitySettings(minimum_labels=30),
    )
    contract = replace(CONTRACT, task="classification", target="answer", features=CONTRACT.features[:1])
    contract = replace(contract, classes=("no", "yes"))
    faults, labels, ids = Faults(), Labels(), [id_of("2026-11-30", number) for number in range(40)]
    labels.read(((feedback(id_, "yes" if place % 2 else "no"), "labels") for place, id_ in enumerate(ids)), faults)
    rows = LabelledRows(contract, labels, faults)
    rows.add((prediction((id_, {"rooms": float(place)})), "predictions") for place, id_ in enumerate(ids))

    plan = run(of_path(path), rows, tmp_path, settings)

    assert plan.windows == {ALL: 80}
    assert any("no model is fitted to the window 'half'" in note for note in plan.notes)
