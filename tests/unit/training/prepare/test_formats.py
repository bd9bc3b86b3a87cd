"""Tables as people have them: numbers, codes, marks and labels in many forms, each taken for what it is or refused."""

import dataclasses
import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from evergreen.contract.contract import Contract
from evergreen.errors import InvalidData, InvalidRow
from evergreen.settings.sections import DataSettings
from tests.unit.training.prepare.houses import SETTINGS, houses, prepare_path, prepared

WITHOUT_DAY = dataclasses.replace(
    SETTINGS, data=DataSettings(path="houses.csv", target="price", leave_out=["id", "day"])
)


def with_data(columns: dict[str, str] | None = None, **data: Any):
    return dataclasses.replace(
        SETTINGS, data=DataSettings(path="houses.csv", target="price", leave_out=["id"], **data), columns=columns or {}
    )


def city_of(cells: Callable[[int], object], folder, rows: int = 400, **data: Any):
    """The feature and the training column that a table's second feature becomes; its cells are made by their row."""
    parts = prepared(houses(rows).assign(city=[cells(row) for row in range(rows)]), folder, with_data(**data))
    return parts.contract.features[1], parts.train.city


def refusal(cells: Callable[[int], object], folder, **data: Any) -> str:
    with pytest.raises(InvalidData) as refused:
        city_of(cells, folder, **data)
    return str(refused.value)


def one_of(*cells: object) -> Callable[[int], object]:
    return lambda row: cells[row % len(cells)]


def test_numbers_with_leading_zeros_are_codes(tmp_path):
    feature, column = city_of(lambda row: f"{row % 90 + 500:05}", tmp_path)

    assert (feature.type, feature.categories[0], column[0]) == ("category", "00500", "00500")


def test_a_code_of_parquet_and_of_csv_is_the_same(tmp_path):
    houses().assign(city=[f"{row % 90:05}" for row in range(200)]).to_parquet(tmp_path / "houses.parquet")

    assert prepare_path(tmp_path / "houses.parquet").contract.features[1].categories[0] == "00000"


def test_a_guess_can_be_overruled(tmp_path):
    assert city_of(lambda row: f"{row % 90:05}", tmp_path, columns={"city": "number"})[0].maximum == 89
    feature, _ = city_of(lambda row: 500 + row % 90, tmp_path, columns={"city": "category"})
    assert feature.categories[0] == "500"


def test_numbers_of_parquet_can_be_declared_a_category(tmp_path):
    houses().to_parquet(tmp_path / "houses.parquet")

    rooms = prepare_path(tmp_path / "houses.parquet", with_data({"rooms": "category"})).contract.features[2]
    assert rooms.categories == ("1", "2", "3", "4", "5")


def test_few_texts_that_stand_for_missing_numbers_are_named_as_such(tmp_path):
    cells = one_of("1.5", "2.5", "?", "-", "NA")

    assert refusal(cells, tmp_path) == (
        "houses.csv line 4: column 'city' has '?' where a number belongs (160 such rows). If that means a missing "
        'value, add "?", "-" to [data] missing in model.toml; else correct the rows'
    )
    feature, column = city_of(cells, tmp_path, missing=["?", "-", "NA"])
    assert (feature.type, feature.missing_allowed, column.isna().mean()) == ("number", True, pytest.approx(0.6))


def test_blanks_around_a_text_are_no_part_of_it_and_that_is_said(tmp_path):
    frame = houses().assign(city=["a", " a", "b\u00a0", "  "] * 50)
    parts = prepared(frame, tmp_path)

    assert parts.contract.features[1].categories == ("a", "b")
    assert parts.contract.features[1].missing_allowed
    assert parts.findings[0] == "blanks around texts were taken away, as those of requests are: city (100)"


def test_blanks_are_the_same_for_a_table_and_for_a_request():
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]

    assert pc.utf8_trim_whitespace(pa.array(every)).to_pylist() == [character.strip() for character in every]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_whole_numbers_that_float64_cannot_tell_apart_are_refused_as_identifiers(tmp_path, form):
    frame = houses(400).assign(city=[2**53 + row for row in range(400)])
    file = tmp_path / f"houses.{form}"
    frame.to_parquet(file) if form == "parquet" else frame.to_csv(file, index=False)

    with pytest.raises(
        InvalidData, match=r"beyond 2\^53, such as 9007199254740992, .* seem to be identifiers.*category"
    ):
        prepare_path(file)


@pytest.mark.parametrize(
    ("written", "number", "data"),
    [
        ("12.5%", 12.5, {}),
        ("$1200", 1200, {}),
        ("-$ 5.25", -5.25, {}),
        ("7 €", 7, {}),
        ("1,200", 1200, {"thousands": ","}),
        ("$1,234,567.5", 1234567.5, {"thousands": ","}),
        ("1.200,5", 1200.5, {"thousands": ".", "decimal": ","}),
        ("1 200,5", 1200.5, {"thousands": " ", "decimal": ","}),
        ("0,5", 0.5, {"decimal": ","}),
        ("1'200", 1200, {"thousands": "'"}),
    ],
)
def test_a_number_is_read_as_people_write_it(tmp_path, written, number, data):
    feature, column = city_of(one_of(written, written.replace("2", "3")), tmp_path, **data)

    assert feature.type == "number"
    assert column[0] == number


@pytest.mark.parametrize(
    ("written", "line"),
    [("1,200", 'thousands = ","'), ("1.200.000", 'thousands = "." and decimal = ","'), ("12,75", 'decimal = ","')],
)
def test_a_number_of_another_format_is_told_the_line_that_reads_it(tmp_path, written, line):
    assert f"holds numbers of another format, such as {written!r}: set [data] {line} in model.toml" in refusal(
        lambda row: written.replace("2", str(row % 9)) if row else written, tmp_path
    )


def test_a_wrong_group_of_thousands_is_no_number(tmp_path):
    assert "line 2: column 'city' has '1,20' where a number belongs" in refusal(
        lambda row: "1,200" if row else "1,20", tmp_path, thousands=","
    )


def test_numbers_of_two_units_are_refused(tmp_path):
    assert "has numbers of different units: none and '%'" in refusal(one_of("12.5%", "0.125"), tmp_path)


@pytest.mark.parametrize("cells", [one_of("1E5", "3e2", "7"), one_of(*map(str, range(100, 900)), "10E1")])
def test_what_may_be_a_power_of_ten_or_a_code_is_asked(tmp_path, cells):
    message = refusal(lambda row: cells(row if row < 399 else -1), tmp_path)

    assert "which may be a number or a code. Say which in model.toml: [columns] city =" in message


@pytest.mark.parametrize("written", [["True", "False"], ["true", "false"], ["TRUE", "false"]])
def test_true_and_false_are_one_type_whatever_the_file(tmp_path, written):
    from_csv, _ = city_of(one_of(*written), tmp_path)
    houses().assign(city=[True, False] * 100).to_parquet(tmp_path / "houses.parquet")
    from_parquet = prepare_path(tmp_path / "houses.parquet").contract.features[1]

    assert from_csv.categories == from_parquet.categories == ("false", "true")
    for value in (True, "True", "true", "TRUE"):
        assert from_csv.parse(value) == "true"
    with pytest.raises(InvalidRow, match="city: expected true or false, got 1"):
        Contract(task="regression", target="price", features=(from_csv,)).parse({"city": 1})


def test_a_decimal_of_parquet_is_the_number_that_its_text_is(tmp_path):
    import decimal

    cells = pa.array([decimal.Decimal("3.07"), decimal.Decimal("0.1")] * 100)
    table = pa.Table.from_pandas(houses().drop(columns="city")).append_column("city", cells)
    pq.write_table(table, tmp_path / "houses.parquet")

    assert set(prepare_path(tmp_path / "houses.parquet").train.city) == {3.07, 0.1}


FORMS: dict[str, tuple[Callable[[str], bytes], dict[str, Any]]] = {
    "semicolons": (lambda text: text.replace(",", ";").encode(), {"delimiter": ";"}),
    "tabs": (lambda text: text.replace(",", "\t").encode(), {"delimiter": "\t"}),
    "gzip": (lambda text: gzip.compress(text.encode()), {}),
    "cp1252": (lambda text: text.encode("cp1252"), {"encoding": "cp1252"}),
    "utf-16": (lambda text: text.encode("utf-16"), {"encoding": "utf-16"}),
    "utf-8 with a mark": (lambda text: text.encode("utf-8-sig"), {"encoding": "UTF8"}),
}


@pytest.mark.parametrize("form", [*FORMS, "zip", "json lines", "json lines in gzip"])
def test_the_same_table_in_another_file_is_the_same_table(tmp_path, form):
    frame = houses().assign(city=["Zürich" if row % 3 else "Genève" for row in range(200)])
    expected = prepared(frame, tmp_path)
    text, data = frame.to_csv(index=False), {}
    if form == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a folder/table.csv", text)
        content = stream.getvalue()
    elif form.startswith("json"):
        content = frame.to_json(orient="records", lines=True, force_ascii=False).encode()
        content = gzip.compress(content) if form.endswith("gzip") else content
    else:
        write, data = FORMS[form]
        content = write(text)
    (tmp_path / "houses.csv").write_bytes(content)

    parts = prepare_path(tmp_path / "houses.csv", with_data(**data))

    pd.testing.assert_frame_equal(parts.train, expected.train)
    assert parts.contract == expected.contract


def test_broken_json_lines_are_named(tmp_path):
    (tmp_path / "houses.csv").write_text('{"id": 1, "price": 2}\n{"id": "x", "price": 3}\n')

    with pytest.raises(InvalidData, match=r"houses.csv cannot be read as JSON lines: .*changed from number to string"):
        prepare_path(tmp_path / "houses.csv")


def test_a_mark_of_a_missing_value_means_the_same_in_the_table_and_in_a_request(tmp_path):
    contract = prepared(houses().assign(city=["Waco", "NA", " n/a ", "None"] * 50), tmp_path).contract
    city = [feature.name for feature in contract.features].index("city")
    row = {"day": 1, "city": "Waco", "rooms": 2}

    assert contract.features[city].categories == ("Waco",)
    assert [contract.parse({**row, "city": word})[city] for word in ("NA", " n/a ", "", "None", None)] == [None] * 5
    assert contract.parse({**row, "city": " Waco\n"})[city] == "Waco"


def test_a_category_that_is_called_none_is_kept_if_the_marks_say_so(tmp_path):
    feature, _ = city_of(one_of("None", "Some"), tmp_path, missing=["", "NA"])

    assert feature.categories == ("None", "Some")
    assert not feature.missing_allowed


def test_a_mark_where_nothing_may_be_missing_is_refused_as_it_was_sent(tmp_path):
    contract = prepared(houses(), tmp_path).contract

    with pytest.raises(InvalidRow, match='rooms: expected a finite number, since no training row lacked it, got "NA"'):
        contract.parse({"day": 1, "city": "Waco", "rooms": "NA"})


@pytest.mark.parametrize(
    ("moments", "words"),
    [
        (lambda row: f"{row % 24:02}:{row % 60:02}", "holds times of the day, such as '00:00'"),
        (lambda row: row % 48, "goes through the same 48 values again and again"),
        (lambda row: round(row % 48 / 48, 6), "goes through the same 48 values again and again"),
        (lambda row: row % 12 + 1, "goes through the same 12 values again and again"),
        (lambda row: f"{row % 28 + 1:02}01{2000 + row // 30}", "dates whose year comes last, such as 1012000"),
        (lambda row: f"{row % 12 + 1}.{2000 + row // 12}", "dates whose year comes last, such as 1.2"),
    ],
)
def test_a_column_that_does_not_order_the_rows_in_time_is_refused(tmp_path, moments, words):
    frame = houses(400).assign(day=[moments(row) for row in range(400)])

    with pytest.raises(InvalidData, match=words):
        prepared(frame, tmp_path, WITHOUT_DAY)


@pytest.mark.parametrize(
    "moments",
    [
        lambda row: 2000 + row % 80 / 12,  # the years of one place after another's
        lambda row: row // 8,
        lambda row: (row * 7919) % 400,  # in no order
        lambda row: 20200101 + row % 28,
    ],
)
def test_a_column_that_may_order_the_rows_in_time_is_taken(tmp_path, moments):
    frame = houses(400).assign(day=[moments(row) for row in range(400)])

    assert len(prepared(frame, tmp_path, WITHOUT_DAY).train) > 200


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_four_hundred_different_texts_are_a_category(tmp_path, form):
    frame = houses(2000).assign(city=[f"Straße {row % 400}" for row in range(2000)])
    file = tmp_path / f"houses.{form}"
    if form == "csv":
        frame.to_csv(file, index=False)
    elif form == "parquet":
        frame.to_parquet(file)
    else:
        frame.to_json(file, orient="records", lines=True)
    feature = prepare_path(file).contract.features[1]

    assert (feature.type, len(feature.categories), feature.categories[0]) == ("category", 400, "Straße 0")


def test_texts_that_seem_to_be_identifiers_can_be_declared_a_category_and_are_warned_of(tmp_path):
    parts = prepared(
        houses(2000).assign(city=[f"lot {row * 7 % 1300}" for row in range(2000)]),
        tmp_path,
        with_data({"city": "category"}),
    )

    assert len(parts.contract.features[1].categories) > 1000
    assert "the column 'city' has so many different texts that there are fewer than two training rows" in str(
        parts.findings
    )


def test_numbers_of_many_values_can_be_declared_a_category(tmp_path):
    feature, _ = city_of(lambda row: 10_000 + row % 300, tmp_path, columns={"city": "category"}, rows=900)

    assert (feature.type, len(feature.categories)) == ("category", 300)
