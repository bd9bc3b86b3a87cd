"""The join against an oracle in plain Python."""

from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.feast.folders import moment, service, view, write_definitions, write_history
from tests.feast.joining import joined

BASE = moment("2026-03-01")
TTL_SECONDS = 4
SECONDS = st.tuples(st.integers(0, 8), st.sampled_from([-1, 0, 1]))
VERSIONS = st.lists(st.tuples(SECONDS, SECONDS), max_size=5, unique=True)
CASES = st.lists(st.tuples(VERSIONS, VERSIONS, st.lists(SECONDS, min_size=1, max_size=3)), min_size=50, max_size=50)


def at(time):
    seconds, microseconds = time
    return BASE + timedelta(seconds=seconds, microseconds=microseconds)


def oracle(versions, time, ttl):
    """The number of the version that a row should get: of those known, the newest event, and of it the newest one."""
    known = [
        (event, created, number)
        for number, (event, created) in enumerate(versions)
        if at(event) <= at(time)
        and at(created) <= at(time)
        and (not ttl or at(event) + timedelta(seconds=ttl) >= at(time))
    ]
    return max(known, key=lambda version: (at(version[0]), at(version[1])))[2] if known else None


def history_of(cases, place, feature):
    rows = [
        (number, at(event), at(created), version)
        for number, case in enumerate(cases)
        for version, (event, created) in enumerate(case[place])
    ]
    return pd.DataFrame(rows, columns=["city", "event_timestamp", "created", feature]).astype(
        {feature: "int64", "city": "int64"}
    )


@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(cases=CASES, seed=st.integers(0, 2**32 - 1))
def test_no_value_of_the_future_reaches_a_row_and_the_newest_known_one_does(tmp_path_factory, cases, seed):
    """Each example has 50 keys with histories of their own, and asks Feast once for all of them."""
    folder = write_definitions(
        tmp_path_factory.mktemp("features"),
        view("forever", key="city:Int64", schema="first:Int64"),
        view("short", key="city:Int64", schema="second:Int64", more=f"ttl=timedelta(seconds={TTL_SECONDS})"),
        service("forever", "short"),
    )
    for place, (name, feature) in enumerate((("forever", "first"), ("short", "second"))):
        write_history(folder / "data" / name, history_of(cases, place, feature))
    rows = [(number, time) for number, case in enumerate(cases) for time in case[2]]
    rows = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]

    found = joined(
        folder, pd.DataFrame({"city": [key for key, _ in rows], "event_timestamp": [at(t) for _, t in rows]})
    )

    assert found["first"].to_pylist() == [oracle(cases[key][0], time, 0) for key, time in rows]
    assert found["second"].to_pylist() == [oracle(cases[key][1], time, TTL_SECONDS) for key, time in rows]
