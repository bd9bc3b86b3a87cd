"""After every run, a key has online what the join gives a row of that moment."""

import itertools
from datetime import timedelta

import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.feast.folders import moment
from tests.feast.joining import joined
from tests.feast.online import Online

BASE = moment("2026-03-01")
KEYS = [f"city-{number}" for number in range(12)]
HOURS = st.integers(0, 12)
ROWS = st.lists(st.tuples(st.sampled_from(KEYS), HOURS, HOURS), min_size=40, max_size=80, unique=True)


# A shrunk example takes minutes, and says no more than the first.
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(rows=ROWS, cuts=st.lists(st.integers(0, 80), min_size=3, max_size=3))
def test_the_online_store_has_what_the_join_gives(tmp_path_factory, rows, cuts):
    """Rows come in at any time: late, corrected, ahead of their time, or with a `created` of long ago."""
    places = [0, *sorted(cuts), len(rows)]
    with mock_aws():
        store = Online(tmp_path_factory.mktemp("store"))
        store.add((KEYS[0], str(BASE), str(BASE), -1), name="first")
        for number, (start, end) in enumerate(itertools.pairwise(places)):
            given_rows = [
                (key, str(BASE + timedelta(hours=event)), str(BASE + timedelta(hours=created)), start + place)
                for place, (key, event, created) in enumerate(rows[start:end])
                # Of one event and one `created`, any value may count.
                if (key, event, created) != (KEYS[0], 0, 0)
            ]
            if given_rows:
                store.add(*given_rows, name=f"more-{number}")
            now = BASE + timedelta(hours=3 * (number + 1), minutes=30)

            store.run(now)

            known = joined(store.folder, pd.DataFrame({"city": KEYS, "event_timestamp": now}))
            assert store.read(*KEYS) == known["sales"].to_pylist()
