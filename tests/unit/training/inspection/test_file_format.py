"""How a stranger's file is written: encoding and delimiter, whatever the file's form."""

import gzip

import pytest

from training.inspection.file_format import written


def found(tmp_path, content, *, name="table.csv"):
    (tmp_path / name).write_bytes(content)
    data = written([(name, tmp_path / name)], path=name, target="b")
    return data.encoding, data.delimiter


ROWS = ["a{0}b{0}c", *(f"{row}{{0}}x{{0}}1.5" for row in range(60))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    assert found(tmp_path, "\n".join(ROWS).format(delimiter).encode()) == ("utf-8", delimiter)


def test_a_delimiter_that_only_the_header_has_more_of_is_none(tmp_path):
    content = "a,or,not;b\n" + "1;2\n" * 30

    assert found(tmp_path, content.encode()) == ("utf-8", ";")


def test_delimiters_within_quotation_marks_are_cells(tmp_path):
    content = "a,b\n" + '"1;2;3",4\n' * 30

    assert found(tmp_path, content.encode()) == ("utf-8", ",")


def test_a_file_of_one_column_has_the_usual_delimiter(tmp_path):
    assert found(tmp_path, b"b\n1\n2\n") == ("utf-8", ",")


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_mark(tmp_path, mark):
    content = ("\ufeff" + "a;b\n" + "ä;1\n" * 30).encode(mark)

    assert found(tmp_path, content) == ("utf-16", ";")


def test_what_is_not_utf_8_is_windows_1252_even_if_the_first_such_letter_comes_late(tmp_path):
    content = b"a,b\n" + b"x,1\n" * 2_000_000 + "München,2\n".encode("cp1252")

    assert found(tmp_path, content) == ("cp1252", ",")


def test_a_letter_across_two_blocks_is_utf_8(tmp_path):
    content = b"a,b\n" + b"x" * ((4 << 20) - 5) + "ä,2\n".encode()

    assert found(tmp_path, content)[0] == "utf-8"


def test_a_compressed_file_is_looked_into(tmp_path):
    content = gzip.compress("a;b\nß;1\n".encode("cp1252"))

    assert found(tmp_path, content, name="table.csv.gz") == ("cp1252", ";")


def test_json_lines_have_no_delimiter(tmp_path):
    assert found(tmp_path, b'{"a": "1;2", "b": 3}\n' * 3) == ("utf-8", ",")
