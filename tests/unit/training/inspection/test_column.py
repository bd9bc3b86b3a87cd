"""What a column is taken for, and the remedy for each reason why it can be no feature."""

import pandas as pd
import pytest

from training.inspection.column import look_at
from training.reading.number_format import NumberFormat
from training.reading.source import Source


def column(cells):
    texts = pd.Series(cells, name="x", dtype="string[pyarrow]")
    return look_at(texts, source=Source.of_csv("table.csv", ["x"]))


def test_numbers_are_numbers():
    seen = look_at(pd.Series([1.0, None, 2.5], name="x"), source=Source.of_csv("table.csv", ["x"]))

    assert (seen.kind, seen.missing, seen.values, seen.leave_out) == ("number", 1, ("1", "2.5"), "")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["red", "blue", None], "category"),
        (["True", "false", "TRUE"], "true/false"),
        (["007", "012", "100"], "code"),
        (["1.5%", "20%"], "number"),
        (["2024-01-31", "2024-02-01"], "date"),
        (["31/01/2024", "01/02/2024"], "date"),
    ],
)
def test_texts_that_can_be_a_feature(cells, kind):
    seen = column(cells)

    assert (seen.kind, seen.leave_out, seen.asked) == (kind, "", "")


@pytest.mark.parametrize(
    ("cells", "kind", "why"),
    [
        ([None, None], "empty", "every cell is empty"),
        (["2024-01-31", "2024-02-01", "2024-02-30"], "date", "texts where dates belong"),
        (["2024-01-31T10:00", "2024-02-01T10:00Z"], "date", "texts where dates belong"),
        ([str(2**60 + each) for each in range(9)], "identifier", "beyond 2^53"),
        ([f"note {each}" for each in range(300)], "identifier", "300 different texts, fewer than two rows for each"),
        ([f"{each}E5" for each in range(300)], "identifier", "300 different texts, fewer than two rows for each"),
        ([f"{each % 300} of the things that people write to us" for each in range(900)], "free text", "long texts"),
        (["1", "2", "3", "many", "few"], "number", "texts where numbers belong"),
        (["$1", "2€", "3"], "number", "different units"),
    ],
)
def test_what_can_be_no_feature_is_left_out_with_the_reason(cells, kind, why):
    seen = column(cells)

    assert seen.kind == kind
    assert why in seen.leave_out


@pytest.mark.parametrize(("text", "kind"), [("place {}", "category"), ("{}E1", "code"), ("{:05}", "code")])
def test_a_category_of_many_texts_is_kept_and_it_is_said_how_it_is_encoded(text, kind):
    seen = column([text.format(each % 400) for each in range(3000)])

    assert (seen.kind, seen.leave_out) == (kind, "")
    assert "400 different texts: encoded by the target's mean" in seen.note


def test_the_line_of_a_wrong_cell_is_told_but_not_in_model_toml():
    seen = column(["1", "2", "3", "many", "few"])

    assert "table.csv line 5: column 'x' has 'many' where a number belongs" in seen.note
    assert "many" not in seen.leave_out


def test_marks_of_missing_values_among_numbers_are_found_and_count_as_missing():
    seen = column(["1", "2", "?", "-", "3", None])

    assert (seen.kind, seen.marks, seen.missing, seen.leave_out) == ("number", ("?", "-"), 3, "")


def test_a_mark_among_texts_is_a_text():
    assert column(["red", "?", "blue"]).marks == ()


@pytest.mark.parametrize(("cells", "asked"), [(["1E5", "2E3", "100"], "category"), (["1E5", "0.25", "-3"], "number")])
def test_what_may_be_numbers_or_codes_is_said_in_columns(cells, asked):
    seen = column(cells)

    assert (seen.asked, seen.leave_out) == (asked, "")


def test_numbers_of_another_format_tell_which():
    assert column(["1.234,5", "12,5", "2.000,25"]).numbers == NumberFormat(decimal=",", thousands=".")


def test_values_are_quoted_on_one_line_and_cut():
    seen = column(["a\nb", "c" * 500])

    assert seen.values[0] == '"a\\nb"'
    assert len(seen.values[1]) == 60
