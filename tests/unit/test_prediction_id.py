"""Prediction ids: RFC 9562 version 7, and the time in them."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import prediction_id
from evergreen.prediction_id import new_prediction_id, predicted_at

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_2100 = 4_102_444_800_000


@pytest.fixture
def clock(monkeypatch):
    """The time that ids are made at, in milliseconds; tests move it instead of waiting."""
    now = [1_764_000_000_000]
    monkeypatch.setattr(prediction_id.time, "time_ns", lambda: now[0] * 1_000_000)
    return now


def test_an_id_has_the_version_and_the_variant_where_the_rfc_puts_them():
    for _ in range(100):
        bits = f"{int(new_prediction_id().replace('-', ''), 16):0128b}"

        assert int(bits[48:52], 2) == 7
        assert bits[64:66] == "10"
        assert uuid.UUID(int=int(bits, 2)).variant == uuid.RFC_4122


def test_an_id_is_written_as_uuids_are():
    """The form that feedback takes: lower case, with its hyphens."""
    id_ = new_prediction_id()

    assert str(uuid.UUID(id_)) == id_


def test_the_time_is_that_of_the_rfcs_own_example():
    """RFC 9562, A.6: 2022-02-22 14:22:22.00 GMT-05:00."""
    assert predicted_at("017F22E2-79B0-7CC3-98C4-DC0C0C07398F") == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


@given(milliseconds=st.integers(0, YEAR_2100))
def test_the_time_comes_back_to_the_millisecond(milliseconds):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prediction_id.time, "time_ns", lambda: milliseconds * 1_000_000 + 999_999)
        found = predicted_at(new_prediction_id())

    assert found == EPOCH + timedelta(milliseconds=milliseconds)


def test_an_id_carries_the_present_time():
    before = time.time_ns() // 1_000_000
    found = predicted_at(new_prediction_id())
    after = time.time_ns() // 1_000_000

    assert EPOCH + timedelta(milliseconds=before) <= found <= EPOCH + timedelta(milliseconds=after)


def test_ids_of_one_millisecond_are_unique(clock):  # noqa: ARG001 - it stands still
    assert len({new_prediction_id() for _ in range(10_000)}) == 10_000


def test_ids_grow_from_millisecond_to_millisecond(clock):
    made = []
    for _ in range(1000):
        made.append(new_prediction_id())
        clock[0] += 1

    assert made == sorted(made)


def test_every_random_bit_varies():
    values = [uuid.UUID(new_prediction_id()).int for _ in range(200)]
    ever_set = ever_clear = 0
    for value in values:
        ever_set |= value
        ever_clear |= ~value

    random = ((1 << 12) - 1) << 64 | ((1 << 62) - 1)
    assert ever_set & ever_clear & random == random


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "house 12",
        "00000000-0000-0000-0000-000000000000",
        "5d8a3d4e-0b0e-4f6c-9e0a-3f6d7c1b2a90",  # version 4
        "5d8a3d4e-0b0e-1f6c-9e0a-3f6d7c1b2a90",  # version 1
        "017f22e2-79b0-7cc3-d8c4-dc0c0c07398f",  # of another variant
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",  # too short
        "ffffffff-ffff-7fff-bfff-ffffffffffff",  # in the year 10889
    ],
)
def test_other_ids_have_no_time(id_):
    assert predicted_at(id_) is None
