"""What was served beside what the history knew: composite keys, nulls, corrections, moments, booleans."""

import json
from datetime import datetime, timedelta

import pandas as pd
import pytest

from evergreen.captures.records import Faults
from evergreen.feature_store.views import FeatureService, Source, Typed, View
from tests.feast.folders import moment, write_history
from training.feature_store.served import is_same, served_rows
from training.feature_store.skew import NAMED, compare, result_of

FLIGHTS = View(
    name="flights",
    keys=(Typed("airline", "string"), Typed("departs", "unix_timestamp"), Typed("number", "int64")),
    features=(
        Typed("delay", "float"),
        Typed("seats", "int64"),
        Typed("cancelled", "bool"),
        Typed("boarding", "unix_timestamp"),
        Typed("gate", "string"),
    ),
    ttl_seconds=30 * 86_400,
)
SERVICE = FeatureService(
    name="all",
    digest="",
    key_version=3,
    views=(FLIGHTS,),
    sources={
        "flights": Source(folder="data/flights", event_time="event", created="known", columns={"seats": "places"})
    },
)
DEPARTS = "2026-11-01 06:30:00.5"
EVENT = "2026-10-01T12:00:00+00:00"
ENTITIES = {"airline": "Ölüm", "departs": "2026-11-01T06:30:00Z", "number": 7}
RIGHT = {
    "delay": 0.10000000149011612,
    "seats": 2**62,
    "cancelled": "true",
    "boarding": "2026-11-01T06:00:00",
    "gate": "7",
}
NULLS = {"delay": None, "places": None, "cancelled": None, "boarding": None, "gate": None}


class Flights:
    """A history, captured predictions, and how they compare."""

    def __init__(self, folder):
        self.data, self.captures = folder / "data", folder / "captures"
        self.captures.mkdir()
        self._lines = []
        self.faults = Faults()

    def history(self, *rows, name="a"):
        """Each with its event, the moment from which it was known, and what is unusual about it."""
        usual = {
            **{"airline": "Ölüm", "departs": pd.Timestamp(DEPARTS, tz="UTC"), "number": 7, "delay": 0.1},
            **{"places": 2**62, "cancelled": True, "boarding": pd.Timestamp("2026-11-01 06:00:00.7"), "gate": "7"},
        }
        frame = pd.DataFrame([{**usual, "event": moment(e), "known": moment(k), **changes} for e, k, changes in rows])
        frame = frame.astype({"places": "Int64", "cancelled": "boolean", "gate": "string", "delay": "float64"})
        frame["boarding"] = pd.to_datetime(frame["boarding"])
        write_history(
            self.data / "flights",
            frame.assign(event_timestamp=frame["event"], created=frame["known"]),
            name=name,
            times=("event", "known", "departs"),
        )

    def predict(self, at="2026-10-20 08:00:00,123+0000", *, event=EVENT, entities=ENTITIES, traces=(), **values):
        stored = {"flights": {"entities": dict(entities), "event": event, **dict(traces)}}
        row = {"features": {"rooms": 3, **RIGHT, **values}, "stored": stored}
        self.line({"message": "predict", "capture": 1, "timestamp": at, "rows": [{"features": {}}, row]})

    def line(self, record):
        self._lines.append(record if isinstance(record, str) else json.dumps(record))

    def compared(self, every=timedelta(hours=24)):
        (self.captures / "a.jsonl").write_text("\n".join(self._lines))
        return compare(SERVICE, served_rows(self.captures, SERVICE, self.faults), data=self.data, every=every)

    def counts(self):
        found = result_of(self.compared(), self.faults)
        return found["rows"], found["differences"], found["late"]


@pytest.fixture
def flights(tmp_path):
    return Flights(tmp_path)


def test_values_that_the_history_has_are_no_difference_whatever_form_the_model_takes_them_in(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))
    flights.predict()
    flights.predict(cancelled=True, gate="7", seats=float(2**62), boarding="2026-11-01T06:00:00Z")

    assert flights.counts() == (2, 0, 0)


def test_a_difference_names_feature_entity_and_both_values(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))
    flights.predict(delay=5.0, boarding="2026-11-01")

    found = result_of(flights.compared(), flights.faults)

    assert (found["rows"], found["differences"]) == (1, 2)
    common = {"view": "flights", "entity": ENTITIES, "event": EVENT, "known": True}
    assert found["named"] == [
        {**common, "feature": "delay", "served": 5.0, "history": RIGHT["delay"]},
        {**common, "feature": "boarding", "served": "2026-11-01", "history": "2026-11-01T06:00:00+00:00"},
    ]
    assert json.loads(json.dumps(found)) == found


def test_a_null_is_served_as_a_null_and_as_nothing_else(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", NULLS))
    flights.predict(**dict.fromkeys(RIGHT))
    assert flights.counts() == (1, 0, 0)

    flights.predict()
    assert flights.counts() == (2, 5, 0)


def test_a_correction_that_came_after_the_prediction_was_not_served(flights):
    flights.history(
        ("2026-10-01 12:00", "2026-10-02", {}), ("2026-10-01 12:00", "2026-10-20 09:00", {"gate": "9"}),
    )  # fmt: skip
    flights.predict()
    flights.predict(gate="9")

    found = flights.compared()

    assert (found.views["flights"].differences, found.named[0]["served"], found.named[0]["history"]) == (1, "9", "7")


@pytest.mark.parametrize(("known", "differences"), [("2026-10-19 12:00", 0), ("2026-10-18 12:00", 1)])
def test_a_correction_may_be_on_its_way_for_as_long_as_the_schedule_takes(flights, known, differences):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}), ("2026-10-01 12:00", known, {"gate": "9"}))
    flights.predict(gate="9")
    assert flights.counts() == (1, 0, 0)

    flights.predict()
    assert flights.counts() == (2, differences, 0)


def test_an_event_that_the_history_lacks_is_a_difference(flights):
    flights.history(("2026-10-01 12:00:00.000001", "2026-10-02", {"number": 8}))
    flights.predict()

    found = flights.compared()

    assert found.views["flights"].differences == len(RIGHT)
    assert {(each["known"], each["history"]) for each in found.named} == {(False, None)}


def test_one_of_several_keys_tells_entities_apart(flights):
    flights.history(
        ("2026-10-01 12:00", "2026-10-02", {"gate": "other", "airline": "Olum"}),
        ("2026-10-01 12:00", "2026-10-02", {"gate": "other", "number": 8}),
        ("2026-10-01 12:00", "2026-10-02", {"gate": "other", "departs": pd.Timestamp("2026-11-01 06:30:01", tz="UTC")}),
        ("2026-10-01 12:00", "2026-10-02", {}),
    )
    flights.predict()

    assert flights.counts() == (1, 0, 0)


def test_what_was_sent_or_could_not_be_read_or_is_not_recorded_is_left_out(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))
    flights.predict(traces={"sent": ["delay"]}, delay=5.0)
    assert flights.counts() == (1, 0, 0)

    flights.predict(event=None, traces={"unread": True}, **dict.fromkeys(RIGHT))
    flights.predict(entities={"number": 7}, delay=5.0)
    flights.line({"message": "predict", "capture": 1, "timestamp": "2026-10-20 08:00:00,123+0000", "rows": [
        {"features": {"delay": 5.0}, "stored": {"another": {"entities": {}, "event": EVENT}}},
    ]})  # fmt: skip
    assert flights.counts() == (1, 0, 0)


def test_an_event_older_than_the_view_allows_has_no_values(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))
    flights.predict("2026-11-20 08:00:00,123+0000", **dict.fromkeys(RIGHT))

    assert flights.counts() == (1, 0, 0)


@pytest.mark.parametrize(
    ("event", "known", "late"),
    [
        ("2026-10-18 12:00", "2026-10-18 12:00", 1),
        # It has come late, or lies within the time that a run has.
        ("2026-10-18 12:00", "2026-10-19 08:00", 0),
        ("2026-10-19 08:00", "2026-10-18 12:00", 0),
        ("2026-09-18 12:00", "2026-09-19 08:00", 0),
    ],
)
def test_a_newer_event_that_is_known_for_longer_than_the_schedule_takes_is_late(flights, event, known, late):
    flights.history(
        ("2026-10-01 12:00", "2026-10-02", {}), (event, known, {"gate": "9"}), (event, known, {"gate": "9"})
    )
    flights.predict()

    assert flights.counts() == (1, 0, late)


def test_an_entity_that_is_not_online_at_all_is_late_too(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))
    flights.predict(event=None, **dict.fromkeys(RIGHT))
    flights.predict(event=None, entities={**ENTITIES, "number": 8}, **dict.fromkeys(RIGHT))

    assert flights.counts() == (2, 0, 1)


def test_broken_records_are_counted_and_the_others_compared(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))
    flights.line("{")
    flights.line({"message": "predict", "capture": 99})
    flights.predict(at="yesterday")
    flights.predict()

    assert flights.counts() == (1, 0, 0)
    assert flights.faults.count == 3


def test_only_the_first_differences_are_named_and_all_are_counted(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))
    for _ in range(NAMED + 3):
        flights.predict(delay=5.0)

    found = flights.compared()

    assert (len(found.named), found.views["flights"].differences) == (NAMED, NAMED + 3)


def test_without_captures_nothing_is_compared(flights):
    flights.history(("2026-10-01 12:00", "2026-10-02", {}))

    assert result_of(flights.compared(), flights.faults) == {
        **{"rows": 0, "differences": 0, "late": 0},
        **{"named": [], "views": {}, "unreadable": 0},
    }


@pytest.mark.parametrize(
    ("served", "stored", "same"),
    [
        (37, 37.0, True), ("37", 37, True), ("37", 37.0, True), (37, 38, False), ("false", False, True),
        ("true", False, False), (None, "n/a ", True), (None, "x", False), ("x", None, False), ("x", " x ", True),
        ("soon", datetime.fromisoformat("2026-01-01T00:00:00Z"), False), (0, None, False), (None, 0, False),
        ("2026-01-01", datetime.fromisoformat("2026-01-01T00:00:00Z"), True),
    ],
)  # fmt: skip
def test_values_are_compared_as_a_model_gets_them(served, stored, same):
    assert is_same(served, stored) is same
