"""What counts as drift, compared with which rows of the holdout, and what the report shows of it."""

import hashlib
import json

import pytest

from evergreen.contract.contract import Contract
from evergreen.contract.date_form import DAY
from evergreen.contract.feature import DATE, Feature
from evergreen.monitoring.drift.history import TIME, History, WindowSize
from evergreen.monitoring.drift.report import EvidentlyMeasure
from evergreen.versions.bundle import MANIFEST, MONITORING
from functions.check_drift import drift
from functions.check_drift.result import DRIFT, INSUFFICIENT_DATA, OK
from tests.integration.functions.check_drift.checking import (
    FEATURES,
    ROWS,
    bundle_files,
    changed,
    drifted,
    houses,
    price,
    records,
    rows_of,
    without,
)

pytestmark = pytest.mark.usefixtures("in_short")


def test_rows_like_those_of_the_holdout_are_no_drift(captures):
    captures.put_records(records(ROWS))

    result, html = captures.check()

    assert result.status == OK
    assert result.reason == "none of 3 features has drifted"
    assert (result.rows, result.by_version, result.share, result.alarms) == (400, {"v2": 400}, 0, [])
    assert (result.start, result.end) == ("2026-11-23T12:00:00+00:00", "2026-11-24T12:00:00+00:00")
    assert result.checked_at == result.since == "2026-11-24T12:10:00+00:00"
    # Promoted on the 14th.
    assert result.model_age_days == 10
    assert result.notes == []
    assert html


def test_a_feature_of_which_nothing_is_right_is_broken_and_alarms(captures):
    captures.put_records(records(changed(ROWS, 400, rooms=-999.0)))

    result = captures.result()

    assert result.status == DRIFT
    assert "broken" in [reason["name"] for reason in result.alarms]
    assert "rooms is broken: 100% of the rows are outside the training range 1 to 9" in result.reason
    assert result.broken_features == 1
    assert result.features[0]["name"] == "rooms"


def test_dates_of_later_requests_are_no_drift_and_missing_ones_are(captures):
    sold = Feature(name="sold", type=DATE, form=DAY, missing_allowed=True, minimum=0.0, maximum=1.6e9)
    contract = Contract(task="regression", target="price", features=(sold, FEATURES[2]))
    days = [f"2020-{place % 12 + 1:02}-{place % 28 + 1:02}" for place in range(600)]
    areas = [{"area": item["area"]} for item in houses(600, seed=0)]
    holdout = [
        {"features": {**area, "sold": day}, "actual": 1.0, "predicted": price(area)}
        for area, day in zip(areas, days, strict=True)
    ]
    files = bundle_files(contract=contract, holdout=holdout)
    later = [{"area": item["area"], "sold": "2031-05-05"} for item in houses(400, seed=1)]
    captures.put_records(records(rows_of(later)))
    moved_on = captures.result(files=files)
    captures.clear()
    captures.put_records(records(rows_of([{**item, "sold": None} for item in later])))

    assert (moved_on.status, moved_on.reason) == (OK, "none of 2 features has drifted")
    assert "sold is broken: 100% of the rows are missing" in captures.result(files=files).reason


def test_a_move_that_the_past_explains_is_none(captures):
    moved = [{**item, "area": 300 + 0.7 * item["area"]} for item in houses(400, seed=1)]
    captures.put_records(records(rows_of(moved)))
    past = WindowSize(rows=200, windows=30, values={"area": 5.0, "(prediction)": 5.0}, missing={})

    assert captures.result().status == DRIFT
    calm = captures.result(files=bundle_files(history=History(order=TIME, sizes=(past,))))
    assert calm.status == OK
    assert calm.notes == [
        "in a window of 400 rows, only a move of more than 50% of the rows can be told from how far the past has "
        "moved: area"
    ]


def test_where_no_order_is_known_the_check_says_that_rows_count_as_independent(captures):
    captures.put_records(records(ROWS))

    (note,) = captures.result(files=bundle_files(history=History())).notes
    assert note.startswith("rows count as independent")


def test_a_champion_of_an_earlier_release_is_checked(captures):
    """Its rule has keys that are gone, and it knows nothing of its past."""
    captures.put_records(records(ROWS))
    files = bundle_files(drift={"significance": 0.01})
    monitoring = {key: value for key, value in json.loads(files[MONITORING]).items() if key in ("drift", "quality")}
    files[MONITORING] = json.dumps(monitoring).encode()
    files[MANIFEST] = json.dumps(
        {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != MANIFEST}
    ).encode()

    assert captures.result(files=files).status == OK


@pytest.mark.parametrize("sign", [1, -1])
def test_rows_that_have_moved_are_drift_with_their_reasons(captures, sign):
    moved = [{**item, "area": 500 + sign * item["area"] / 2} for item in houses(400, seed=1)]
    captures.put_records(records(rows_of(moved)))

    result = captures.result()

    assert result.status == DRIFT
    assert [reason["name"] for reason in result.alarms] == ["share", "importance", "prediction"]
    assert result.reason.startswith(
        "1 of 3 features have drifted (33.3%, alarm above 30%); area has drifted and carries 70% of the model's "
        "importance (alarm above 25%); the predictions themselves have moved: "
    )
    assert list(drifted(result)) == ["area"]
    assert "median" in drifted(result)["area"][0]
    # What moved most stands first; predictions follow the area here, and count for themselves.
    assert result.features[0]["name"] == "area"
    assert result.prediction["reasons"]
    assert [feature for feature in result.features if feature["reasons"]] == [result.features[0]]


def test_a_column_of_which_nothing_comes_any_more_is_drift(captures):
    captures.put_records(records(changed(ROWS, 400, area=None)))

    assert drifted(captures.result())["area"] == ["100% of the rows are missing, 0% in the reference"]


def test_a_column_of_one_value_has_not_drifted_while_it_keeps_it(captures):
    captures.put_records(records(changed(ROWS, 400, rooms=3.0)))
    holdout = [
        {"features": {**item, "rooms": 3.0}, "actual": price(item), "predicted": price(item)}
        for item in houses(600, seed=0)
    ]

    assert captures.result(files=bundle_files(holdout=holdout)).status == OK


def test_features_that_the_rule_leaves_out_are_not_compared(captures):
    captures.put_records(records(changed(ROWS, 400, area=1000.0)))

    result = captures.result(files=bundle_files(drift={"leave_out": ["area"]}))

    assert result.status == OK
    assert {feature["name"] for feature in result.features} == {"city", "rooms"}


def test_features_that_are_not_captured_are_not_checked_and_that_is_said(captures):
    captures.put_records(records(without(ROWS, "area", 400)))

    result = captures.result(not_captured=("area",))

    assert result.status == OK
    assert {feature["name"] for feature in result.features} == {"city", "rooms"}
    assert result.notes == ["not captured, so not checked: area"]


def test_the_season_of_the_window_picks_the_reference(captures):
    """Small houses are sold in Waco: in a window of Waco alone that is no drift, if the city is the season."""
    waco = [{**item, "city": "Waco", "area": item["area"] / 10} for item in houses(400, seed=1)]
    elsewhere = [{**item, "city": "Austin"} for item in houses(400, seed=2)]
    holdout = [
        {"features": item, "actual": price(item), "predicted": price(item)}
        for item in [*elsewhere, *({**item, "city": "Waco", "area": item["area"] / 10} for item in houses(400, seed=3))]
    ]
    captures.put_records(records(rows_of(waco)))

    assert set(drifted(captures.result(files=bundle_files(holdout=holdout)))) == {"city", "area"}
    seasonal = captures.result(files=bundle_files(holdout=holdout, drift={"season": "city"}))
    assert drifted(seasonal) == {}
    assert {feature["name"] for feature in seasonal.features} == {"rooms", "area"}


def test_a_season_that_the_holdout_hardly_has_is_too_little_data(captures):
    captures.put_records(records(rows_of([{**item, "city": "Waco"} for item in houses(400, seed=1)])))
    in_holdout = sum(item["city"] == "Waco" for item in houses(600, seed=0))
    assert 0 < in_holdout < 200

    result = captures.result(files=bundle_files(drift={"season": "city"}))

    assert result.status == INSUFFICIENT_DATA
    assert result.reason.startswith(f"{in_holdout} reference rows of the same season, 200 are needed")


@pytest.fixture
def with_evidently(in_short, monkeypatch):  # noqa: ARG001 - after that one
    monkeypatch.setattr(drift, "EvidentlyMeasure", EvidentlyMeasure)


@pytest.mark.usefixtures("with_evidently")
def test_evidently_draws_the_report_and_finds_what_we_find(captures):
    captures.put_records(records(changed(ROWS, 250, area=1000.0, city="El Paso")))

    result, html = captures.check()

    assert result.status == DRIFT
    assert set(drifted(result)) == {"area", "city"}
    for words in (b"area", b"city", b"rooms", b"(prediction)", b"Data drift detected", b"El Paso"):
        assert words in html
