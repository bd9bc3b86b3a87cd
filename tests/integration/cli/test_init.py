"""evergreen init: from a file of any kind to settings with which Prepare accepts it, or one line that says why not."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from cli.main import main
from evergreen.settings.model_toml import read_settings
from evergreen.versions.data_version import of_path
from tests.unit.training.prepare import workbook
from tests.unit.training.prepare.test_captured import CAPTURED, CONTRACT, OWN, csv
from tests.unit.training.prepare.workbook import rows_of
from training.collecting import month_files
from training.prepare import read_and_prepare

ROWS = 400


@pytest.fixture
def init(monkeypatch, capsys, tmp_path):
    """Runs the command in a folder of its own; returns its exit code and what it said, as one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("cli.main.signal.signal", lambda *_: None)

    def _init(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["evergreen", "init", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), " ".join((said.out + said.err).split())

    return _init


def prepared(table: str):
    """The settings that were written, and what Prepare makes of the table with them."""
    settings = read_settings(Path("model.toml"))
    assert settings.data.path == table
    return settings, read_and_prepare(of_path(Path(table)), settings)


def random():
    return np.random.default_rng(0)


def german(path: Path) -> None:
    some = random()
    frame = pd.DataFrame(
        {
            "Straße": some.choice(["Müllerweg", "Hofgasse"], ROWS),
            "Fläche": [f"{each:.1f}".replace(".", ",") for each in some.uniform(10, 900, ROWS)],
            "Preis": [f"{each:,.2f}".translate(str.maketrans(",.", ".,")) for each in some.uniform(10, 9000, ROWS)],
        }
    )
    frame.to_csv(path, sep=";", index=False, encoding="cp1252")


def test_a_german_table(init):
    german(Path("Häuser.csv"))

    code, said = init("Häuser.csv", "--target", "Preis")

    settings, rows = prepared("Häuser.csv")
    assert code == 0, said
    data = settings.data
    assert (data.delimiter, data.encoding, data.decimal, data.thousands) == (";", "cp1252", ",", ".")
    assert (settings.name, settings.task, settings.metric) == ("hauser", "regression", "mape")
    assert {feature.name: feature.type for feature in rows.contract.features} == {
        "Straße": "category",
        "Fläche": "number",
    }
    assert 10 <= rows.train["Preis"].min() < rows.train["Preis"].max() <= 9000


def test_a_workbook_of_several_sheets_is_read_from_the_first_and_that_is_said(init):
    some = random()
    frame = pd.DataFrame({"size": some.uniform(10, 90, ROWS), "rooms": some.integers(1, 9, ROWS), "price": range(ROWS)})
    workbook.write(Path("houses.xlsx"), {"Houses": rows_of(frame), "Notes": {1: ["x"]}})

    code, said = init("houses.xlsx", "--target", "price")

    _, rows = prepared("houses.xlsx")
    assert code == 0, said
    told = "the first sheet, Houses, is read; there are also: Notes"
    assert f"Sheet: {told}" in said
    assert f"# {told}" in Path("model.toml").read_text()
    assert {"size", "rooms"} == {feature.name for feature in rows.contract.features}


def test_codes_percent_signs_marks_and_what_no_model_should_see(init):
    some = random()
    price = some.normal(size=ROWS).round(3)
    frame = pd.DataFrame(
        {
            "customer id": np.arange(ROWS) + 1000,
            "key": some.integers(2**60, 2**61, ROWS),
            "zip": [f"{each:05d}" for each in some.integers(0, 9, ROWS)],
            "code": some.choice(["1E5", "2E3", "100"], ROWS),
            "rate": [f"{each:.1f}%" for each in some.uniform(0, 100, ROWS)],
            "size": ["?" if each < 0.1 else f"{each:.3f}" for each in some.uniform(size=ROWS)],
            "nothing": "",
            "always": "a",
            "note": [f"{each} words" for each in range(ROWS)],
            "price in cents": price * 100,
            "price": price,
        }
    )
    frame.to_csv("codes.csv", index=False)

    code, said = init("codes.csv", "--target", "price")

    settings, rows = prepared("codes.csv")
    assert code == 0, said
    assert settings.data.leave_out == ["customer id", "key", "nothing", "always", "note", "price in cents"]
    assert settings.columns == {"code": "category"}
    assert settings.data.missing[-1] == "?"
    assert {feature.name: feature.type for feature in rows.contract.features} == {
        "zip": "category",
        "code": "category",
        "rate": "number",
        "size": "number",
    }
    assert "Left out: price in cents: it alone tells price" in said
    for name in settings.data.leave_out:
        line = next(line for line in Path("model.toml").read_text().splitlines() if line.startswith(f'    "{name}",'))
        assert " # " in line


def test_json_lines_with_a_column_that_no_feature_can_have(init):
    some = random()
    rows = [
        {"city": str(city), "tags": [1], "price": float(price)}
        for city, price in zip(some.choice(["a", "b"], ROWS), some.normal(size=ROWS), strict=True)
    ]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    code, said = init("rows.jsonl", "--target", "price")

    settings, _ = prepared("rows.jsonl")
    assert code == 0, said
    assert settings.data.leave_out == ["tags"]
    assert settings.metric == "mae"


def sales() -> pd.DataFrame:
    some = random()
    return pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "shop": some.choice([f"shop {each}" for each in range(40)], ROWS),
            "customers": some.normal(100, 20, ROWS).round(1),
            "sold": some.choice(["much", "little"], ROWS),
        }
    )


def test_labels_as_text_in_the_order_of_a_date(init):
    sales().to_csv("sales.csv.gz", index=False)

    code, said = init("sales.csv.gz", "--target", "sold")

    settings, rows = prepared("sales.csv.gz")
    assert code == 0, said
    assert (settings.name, settings.task, settings.metric) == ("sales", "classification", "log_loss")
    assert (settings.split.type, settings.split.by, settings.data.leave_out) == ("time", "day", [])
    assert [feature.type for feature in rows.contract.features if feature.name == "day"] == ["date"]
    assert rows.contract.classes == ("little", "much")
    assert f"{len(rows.train)} rows to train on, {len(rows.holdout)} kept for judging" in said


def test_a_rare_class_is_looked_for_and_weighs_more(init):
    table = sales().assign(sold=lambda frame: np.where(np.arange(len(frame)) % 25, "well", "badly"))
    table.to_csv("sales.csv", index=False)

    code, said = init("sales.csv", "--target", "sold")

    settings, rows = prepared("sales.csv")
    assert code == 0, said
    assert (settings.metric, settings.positive) == ("average_precision", "badly")
    assert settings.estimator.class_weight == "balanced"
    assert rows.contract.positive == "badly"
    assert '4.0% of the rows are "badly"' in Path("model.toml").read_text()


def test_a_column_of_groups_and_one_of_time_that_are_named(init):
    sales().to_csv("sales.tsv", sep="\t", index=False)

    assert init("sales.tsv", "--target", "sold", "--group", "shop")[0] == 0
    settings, _ = prepared("sales.tsv")
    assert (settings.split.type, settings.split.by, settings.data.group) == ("group", "shop", "")
    assert "shop" in settings.data.leave_out

    assert init("sales.tsv", "--target", "sold", "--group", "shop", "--time", "day", "--force")[0] == 0
    settings, _ = prepared("sales.tsv")
    assert (settings.split.type, settings.split.by, settings.data.group) == ("time", "day", "shop")
    assert settings.data.leave_out == []


@pytest.mark.parametrize(
    ("form", "chosen"),
    [("%d/%m/%Y", "%d/%m/%Y"), ("%m/%d/%Y", "%m/%d/%Y"), ("%d %b %Y %H:%M", "%d %b %Y %H:%M"), ("%Y-%m-%dT%H:%MZ", "")],
)
@pytest.mark.parametrize("days", [300, 11])
def test_the_format_of_dates_is_found(init, form, chosen, days):
    """Of the first eleven days of four months, only their order tells the day from the month."""
    sold = pd.date_range("2020-01-01", periods=300)
    if days == 11:
        sold = sold[sold.day <= 11][np.sort(np.arange(300) % 44)]
    pd.DataFrame({"sold": sold.strftime(form), "size": np.arange(300) % 7, "price": np.arange(300) * 1.5}).to_csv(
        "sales.csv", index=False
    )

    code, said = init("sales.csv", "--target", "price")

    settings, rows = prepared("sales.csv")
    assert code == 0, said
    assert settings.data.date_formats == ([chosen] if chosen else [])
    assert settings.split.by == "sold"
    assert rows.train.sold.dt.month.max() == (8 if days == 300 else 4)
    asked = days == 11 and form in ("%d/%m/%Y", "%m/%d/%Y")
    assert ("[data] date_formats says which" in said) == asked


def test_a_season_is_proposed_and_works_when_it_is_taken(init):
    pd.DataFrame(
        {"sales_month": np.arange(600) % 12 + 1, "size": np.arange(600) % 7, "price": np.arange(600) * 1.5}
    ).to_csv("sales.csv", index=False)

    assert init("sales.csv", "--target", "price")[0] == 0
    text = Path("model.toml").read_text()
    Path("model.toml").write_text(text.replace("# [drift]", "[drift]").replace("# season", "season"))

    assert 'season = "sales_month"' in text
    assert read_settings(Path("model.toml")).drift.season == "sales_month"


def test_a_time_that_is_the_only_feature_stays_one(init):
    Path("nile.csv").write_text("year,volume\n" + "".join(f"{1871 + each},{each * 37 % 101}\n" for each in range(120)))

    assert init("nile.csv", "--target", "volume")[0] == 0

    settings, _ = prepared("nile.csv")
    assert (settings.split.by, settings.data.leave_out) == ("year", [])


def test_a_small_table_keeps_more_rows_for_judging(init):
    sales()[:60].to_csv("sales.csv", index=False)

    assert init("sales.csv", "--target", "customers")[0] == 0

    settings, rows = prepared("sales.csv")
    assert settings.split.holdout == 0.4
    assert len(rows.holdout) >= 20


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("iris", "classification"),
        ("wine", "classification"),
        ("breast_cancer", "classification"),
        ("diabetes", "regression"),
    ],
)
def test_tables_that_everybody_knows(init, name, task):
    getattr(datasets, f"load_{name}")(as_frame=True).frame.to_csv(f"{name}.csv", index=False)

    code, said = init(f"{name}.csv", "--target", "target")

    settings, _ = prepared(f"{name}.csv")
    assert code == 0, said
    assert (settings.task, settings.data.leave_out) == (task, [])


def test_names_that_are_no_plain_words_are_written_so_that_they_are_read_back(init):
    some = random()
    odd = 'a "b"\t\\ \x7f #1\u2028'
    frame = pd.DataFrame({odd: some.choice(["1E5", "2E5"], ROWS), "empty\x7f\n": "", "y": some.normal(size=ROWS)})
    frame.astype(str).to_csv("odd.csv", index=False)
    code, said = init("odd.csv", "--target", "y")

    settings, _ = prepared("odd.csv")
    assert code == 0, said
    assert settings.columns == {odd: "category"}
    assert settings.data.leave_out == ["empty\x7f\n"]


def numbered(text: str, rows: int = 100) -> str:
    return "\n".join(text.format(each % 7, each) for each in range(rows)) + "\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "t.csv is empty: it needs a header line and rows"),
        (bytes(range(256)) * 9, "neither CSV, JSON lines, Parquet nor Excel: it seems to be binary. Save it as CSV"),
        (b"b,a,b\n" + numbered("{0},{1},3").encode(), "more than one column 'b'; each needs its own name"),
        (b"a,B\n" + numbered("{0},{1}").encode(), "no column 'b', which --target names; did you mean 'B'?"),
        (numbered("{1},5{0},12").encode(), "These look like values: the file needs a header line"),
        (b"a,b\n" + numbered("{0},5").encode(), "the target 'b' has one value in all rows, 5.0: nothing to predict"),
        (
            b"a,b\n" + numbered("{1},2024-01-0{0}").encode().replace(b"00", b"08"),
            "the target 'b' holds dates, which cannot be predicted. Turn it into a number",
        ),
        (b"a,b\n" + numbered("{0},{1}", 30).encode(), "30 rows with a target are too few: training needs 40 at least"),
    ],
)
def test_what_cannot_be_trained_on_is_one_line_with_the_remedy(init, content, said):
    Path("t.csv").write_bytes(content)

    code, answer = init("t.csv", "--target", "b")

    assert code == 1
    assert said in answer
    assert not Path("model.toml").exists()


def test_settings_that_are_there_are_overwritten_only_by_force(init):
    german(Path("t.csv"))
    Path("model.toml").write_text("mine")

    code, said = init("t.csv", "--target", "Preis")

    assert code == 1
    assert "add --force" in said
    assert Path("model.toml").read_text() == "mine"


def test_a_table_elsewhere_has_to_be_copied(init, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "t.csv"
    german(elsewhere)

    code, said = init(str(elsewhere), "--target", "Preis")

    assert code == 1
    assert "Copy it into" in said
    assert not Path("model.toml").exists()


def test_what_prepare_still_refuses_is_said_and_the_settings_are_written_to_be_changed(init):
    german(Path("t.csv"))

    code, said = init("t.csv", "--target", "Preis", "--time", "Straße")

    assert code == 1
    refused = "model.toml is written, but Prepare refuses the table with it: [split] by needs numbers or dates."
    assert refused in said
    assert read_settings(Path("model.toml")).split.by == "Straße"


def test_the_page_beside_model_toml_shows_every_column_with_its_distribution(init):
    table = sales()
    table["<b>empty</b>"] = ""
    table["note"] = [f"{each} words" for each in range(ROWS)]
    table.to_csv("sales.csv", index=False)

    code, said = init("sales.csv", "--target", "sold")

    page = Path("table.html").read_text()
    assert code == 0, said
    assert "The table as a page: table.html" in said
    rows = {row.partition("</th>")[0]: row for row in page.split('<th scope="row">')[1:]}
    assert set(rows) == {"sold", "day", "shop", "customers", "&lt;b&gt;empty&lt;/b&gt;", "note"}
    assert all('class="bars"' in row for name, row in rows.items() if "empty" not in name)
    assert "Histogram of day from 2024-01-01 to 2025-02-03" in rows["day"]
    assert "left out" in rows["note"]
    assert "like an identifier or a note" in rows["note"]
    assert "every cell is empty" in rows["&lt;b&gt;empty&lt;/b&gt;"]
    assert "category, target" in rows["sold"]
    assert "Bar chart of the classes of sold" in page
    assert "<script" not in page
    assert "src=" not in page
    assert 'href="http' not in page


def test_a_page_that_is_there_is_overwritten_only_by_force(init):
    german(Path("t.csv"))
    Path("table.html").write_text("mine")

    code, said = init("t.csv", "--target", "Preis")

    assert code == 1
    assert "table.html is there already. To overwrite it, add --force" in said
    assert Path("table.html").read_text() == "mine"
    assert not Path("model.toml").exists()


def test_the_page_is_there_too_if_prepare_refuses_the_table_and_says_why(init):
    german(Path("t.csv"))

    init("t.csv", "--target", "Preis", "--time", "Straße")

    refused = "Prepare refuses the table: [split] by needs numbers or dates. t.csv line 2: column &#x27;Straße&#x27;"
    assert refused in Path("table.html").read_text()


def test_all_wrong_names_are_told_at_once(init):
    german(Path("t.csv"))

    code, said = init("t.csv", "--target", "Pres", "--time", "Tag")

    assert code == 1
    assert "no column 'Pres', which --target names; did you mean 'Preis'?" in said
    assert "no column 'Tag', which --time names; it has: Straße, Fläche, Preis" in said


def test_captured_rows_are_no_part_of_what_is_guessed(init):
    """They have other columns, and stand first in the folder."""
    folder = Path("houses")
    folder.mkdir()
    csv(OWN, folder / "houses.csv")
    month_files.write(folder, CAPTURED, CONTRACT)

    code, said = init("houses", "--target", "price", "--time", "sold")

    assert code == 0, said
    assert "(prediction)" not in said
    _, found = prepared("houses")
    assert len(found.train) + len(found.holdout) == len(OWN) + len(CAPTURED)
    assert "column 'sold' is missing in all 32 captured rows" in " ".join(found.findings)


def test_a_folder_of_captured_rows_alone_is_named(init):
    folder = Path("houses")
    folder.mkdir()
    month_files.write(folder, CAPTURED, CONTRACT)

    code, said = init("houses", "--target", "price")

    assert code == 1
    assert "houses has captured rows only: the table itself is missing" in said
