"""Values of Feast's: written and read again, and what is none."""

import contextlib
import math
import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen.feature_store.protobuf import FormatError
from evergreen.feature_store.values import WrongValue, decode, encode, type_of
from evergreen.feature_store.views import FEATURE_TYPES

OF_TYPE = {
    "string": st.text(),
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "unix_timestamp": st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    ),
}
typed = st.sampled_from(FEATURE_TYPES).flatmap(lambda type_: st.tuples(st.just(type_), OF_TYPE[type_] | st.none()))


@settings(max_examples=1000)
@given(typed)
def test_what_is_written_is_read_again(drawn):
    type_, value = drawn
    read = decode(encode(value, type_))

    assert read == value
    assert type(read) is type(value)
    assert not isinstance(value, float) or math.copysign(1, read) == math.copysign(1, value)


@given(typed)
def test_of_which_type_a_value_was_written_is_known(drawn):
    type_, value = drawn

    assert type_of(encode(value, type_)) == ("" if value is None else type_)


@pytest.mark.parametrize("content", [b"\x80", b"\x62\x00", b"\x21\x00"])
def test_what_no_column_holds_has_none_of_the_types(content):
    with pytest.raises(FormatError):
        type_of(content)


@settings(max_examples=300)
@given(typed, st.data())
def test_a_value_that_was_cut_off_never_passes_for_a_whole_one(drawn, data):
    whole = encode(drawn[1], drawn[0])
    cut = whole[: data.draw(st.integers(1, max(len(whole) - 1, 1)))]

    if cut != whole:
        with pytest.raises(FormatError):
            decode(cut)


@settings(max_examples=1000)
@given(st.binary(max_size=60))
def test_foreign_bytes_are_read_or_refused_and_nothing_else_happens(content):
    with contextlib.suppress(FormatError):
        decode(content)


def test_an_error_quotes_nothing_of_a_value_since_it_is_logged():
    with pytest.raises(FormatError) as refused:
        decode(b"\x12\x07secret\xff")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (1, "string"),
        ("\ud800", "string"),
        ("1", "int64"),
        (True, "int64"),
        (1.0, "int64"),
        (2**63, "int64"),
        (2**31, "int32"),
        (1, "bool"),
        (True, "double"),
        ("1", "double"),
        (10**400, "double"),
        (1e39, "float"),
        ("2026-11-01", "unix_timestamp"),
        (b"x", "bytes"),
    ],
)
def test_a_value_of_another_type_is_not_written(value, type_):
    with pytest.raises(WrongValue):
        encode(value, type_)


def test_a_number_that_is_none_is_stored_as_a_null():
    assert encode(math.nan, "double") == encode(None, "string") == b""
    assert decode(b"\x29" + struct.pack("<d", math.nan)) != decode(b"")


def test_a_time_is_stored_in_whole_seconds_of_utc():
    half_past = datetime(2026, 11, 1, 12, 0, 0, 999_999, tzinfo=UTC)

    assert decode(encode(half_past, "unix_timestamp")) == half_past.replace(microsecond=0)
    assert encode(half_past.replace(tzinfo=None), "unix_timestamp") == encode(half_past, "unix_timestamp")
    # Towards zero, also before 1970.
    assert decode(encode(datetime(1969, 12, 31, 23, 59, 58, 500_000), "unix_timestamp")) == datetime(
        1969, 12, 31, 23, 59, 59, tzinfo=UTC
    )
    assert encode(int(half_past.timestamp()), "unix_timestamp") == encode(
        half_past - timedelta(microseconds=999_999), "unix_timestamp"
    )
