"""Collected rows as files: one for each month, the same bytes for the same rows, and never half of one."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.errors import InvalidData
from training.collecting.month_files import files_of, ids_of, is_captured, read, remove, write

FEATURES = (
    Feature(name="rooms", type=NUMBER, missing_allowed=True),
    Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("a",)),
)
HOUSES = Contract(task="regression", target="price", features=FEATURES)


def id_of(day, number=0):
    """A prediction id of a day, as the endpoint makes them."""
    milliseconds = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    text = f"{milliseconds << 80 | 7 << 76 | 2 << 62 | number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


OCTOBER, NOVEMBER, LATER = id_of("2026-10-31"), id_of("2026-11-01"), id_of("2026-11-30")
ROW = {"rooms": 3.0, "city": "a", "price": 100.0}
GAPS = {"rooms": None, "city": None, "price": 1.0}


def names_of(table):
    return [file.relative_to(table).as_posix() for file in sorted((table / "captured").iterdir())]


def test_rows_come_back_as_they_were_from_a_file_for_each_month(tmp_path):
    rows = {LATER: ROW, OCTOBER: GAPS, NOVEMBER: ROW}

    write(tmp_path, rows, HOUSES)

    assert names_of(tmp_path) == ["captured/2026-10.parquet", "captured/2026-11.parquet"]
    assert read(files_of(tmp_path)) == rows
    assert list(read(files_of(tmp_path))) == [OCTOBER, NOVEMBER, LATER]


def test_a_month_that_nothing_changed_in_has_the_same_bytes(tmp_path):
    write(tmp_path, {OCTOBER: ROW}, HOUSES)
    first = files_of(tmp_path)[0].read_bytes()

    write(tmp_path, {LATER: GAPS, NOVEMBER: ROW, OCTOBER: ROW}, HOUSES)

    assert files_of(tmp_path)[0].read_bytes() == first


def test_a_month_without_rows_has_no_file(tmp_path):
    write(tmp_path, {OCTOBER: ROW, NOVEMBER: ROW}, HOUSES)

    write(tmp_path, {NOVEMBER: ROW}, HOUSES)

    assert names_of(tmp_path) == ["captured/2026-11.parquet"]


def test_a_parquet_file_of_somebody_elses_is_neither_read_nor_removed(tmp_path):
    (tmp_path / "captured").mkdir()
    theirs = tmp_path / "captured" / "theirs.parquet"
    pq.write_table(pa.table({"rooms": [1]}), theirs)
    (tmp_path / "captured" / "broken.parquet").write_bytes(b"PAR1 and no more")

    write(tmp_path, {NOVEMBER: ROW}, HOUSES)

    assert not is_captured(theirs)
    assert [file.name for file in files_of(tmp_path)] == ["2026-11.parquet"]
    assert theirs.exists()


def test_rows_of_another_model_are_refused_before_anything_is_written(tmp_path):
    write(tmp_path, {OCTOBER: ROW}, HOUSES)
    before = files_of(tmp_path)[0].read_bytes()

    with pytest.raises(InvalidData, match=r"other columns than the present one's \('garden', prediction"):
        write(tmp_path, {OCTOBER: ROW, NOVEMBER: {**ROW, "garden": 1.0}}, HOUSES)

    assert files_of(tmp_path)[0].read_bytes() == before
    assert names_of(tmp_path) == ["captured/2026-10.parquet"]


def test_the_ids_of_a_file_are_found_in_its_content(tmp_path):
    write(tmp_path, {NOVEMBER: ROW, LATER: GAPS}, HOUSES)
    pq.write_table(pa.table({"rooms": [1]}), tmp_path / "theirs.parquet")

    assert ids_of(files_of(tmp_path)[0].read_bytes()) == {NOVEMBER, LATER}
    assert ids_of((tmp_path / "theirs.parquet").read_bytes()) == set()
    assert ids_of(b"a,b\n1,2\n") == set()


def test_what_is_forgotten_goes_and_the_rest_stays(tmp_path):
    write(tmp_path, {OCTOBER: ROW, NOVEMBER: ROW, LATER: GAPS}, HOUSES)

    assert remove(tmp_path, {NOVEMBER, "unknown"}) == {NOVEMBER}
    assert read(files_of(tmp_path)) == {OCTOBER: ROW, LATER: GAPS}

    assert remove(tmp_path, {OCTOBER}) == {OCTOBER}
    assert names_of(tmp_path) == ["captured/2026-11.parquet"]
    assert is_captured(files_of(tmp_path)[0])
