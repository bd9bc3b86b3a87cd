"""What counts as drift, compared with which rows of the holdout, and what the report shows of it."""

import pytest

from evergreen.monitoring.drift.report import EvidentlyMeasure
from functions.check_drift import check
from functions.check_drift.result import DRIFT, INSUFFICIENT_DATA, OK
from tests.integration.functions.check_drift.checking import (
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
    assert result.reason == "0 of 3 features have drifted (share 0%, alarm above 30%)"
    assert (result.rows, result.by_version, result.share, result.threshold) == (400, {"v2": 400}, 0, 0.3)
    assert (result.start, result.end) == ("2026-11-23T12:00:00+00:00", "2026-11-24T12:00:00+00:00")
    assert result.checked_at == result.since == "2026-11-24T12:10:00+00:00"
    # Promoted on the 14th.
    assert result.model_age_days == 10
    assert result.notes == []
    assert html


@pytest.mark.parametrize("sign", [1, -1])
def test_rows_that_have_moved_are_drift_with_their_reasons(captures, sign):
    moved = [{**item, "area": 500 + sign * item["area"] / 2} for item in houses(400, seed=1)]
    captures.put_records(records(rows_of(moved)))

    result = captures.result()

    assert result.status == DRIFT
    assert result.reason == "1 of 3 features have drifted (share 33.3%, alarm above 30%)"
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
    monkeypatch.setattr(check, "EvidentlyMeasure", EvidentlyMeasure)


@pytest.mark.usefixtures("with_evidently")
def test_evidently_draws_the_report_and_finds_what_we_find(captures):
    captures.put_records(records(changed(ROWS, 250, area=1000.0, city="El Paso")))

    result, html = captures.check()

    assert result.status == DRIFT
    assert set(drifted(result)) == {"area", "city"}
    for words in (b"area", b"city", b"rooms", b"(prediction)", b"Data drift detected", b"El Paso"):
        assert words in html
