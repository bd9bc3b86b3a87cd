"""Task, metric, split and name, as they are guessed."""

from pathlib import Path

import pandas as pd
import pytest

from evergreen.errors import InvalidData
from training.inspection import guesses
from training.inspection.column import look_at
from training.reading.source import Source


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["yes", "no"] * 30, "classification"),
        ([0.0, 1.0, 2.0] * 50, "classification"),
        ([float(each) for each in range(20)] * 10, "classification"),
        ([float(each) for each in range(20)] * 9, "regression"),
        ([float(each) for each in range(21)] * 20, "regression"),
        ([0.5, 1.0] * 100, "regression"),
    ],
)
def test_the_task(cells, task):
    assert guesses.task(pd.Series(cells, name="y"))[0] == task


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([5.0, 5.0, None], "the target 'y' has one value in all rows, 5.0"),
        ([f"state {each}" for each in range(50)], "has 50 different texts in 50 rows, like a name of each row"),
        ([f"label {each}" for each in range(101)], "has 101 different texts; a classification takes 2 to 100"),
    ],
)
def test_a_target_that_cannot_be_predicted_is_refused(cells, message):
    with pytest.raises(InvalidData, match=message):
        guesses.task(pd.Series(cells, name="y"))


@pytest.mark.parametrize(
    ("cells", "metric"), [([1.0, 11.0], "mape"), ([1.0, 9.0], "mae"), ([0.0, 11.0], "mae"), ([-1.0, 11.0], "mae")]
)
def test_the_metric_of_a_regression(cells, metric):
    assert guesses.metric(pd.Series(cells, name="y"), "regression")[0] == metric


def split(table, **named):
    frame = pd.DataFrame({name: pd.Series(cells, dtype="string[pyarrow]") for name, cells in table.items()})
    source = Source.of_csv("table.csv", frame.columns)
    columns = [look_at(column, source=source) for _, column in frame.items()]
    found, why = guesses.split(columns, frame, source, **{"time": "", "group": "", **named})
    return found.type, found.by, why


DAYS = ["2024-01-01", "2024-01-01", "2024-02-01", "2024-03-01"]


@pytest.mark.parametrize(
    ("table", "named", "found"),
    [
        ({"day": DAYS}, {}, ("time", "day")),
        ({"day": DAYS[::-1]}, {}, ("time", "day")),
        ({"day": [DAYS[3], *DAYS[:3]]}, {}, ("random", "")),
        ({"day": [*DAYS[:3], None]}, {}, ("random", "")),
        ({"day": ["01.02.2024", "02.02.2024", "03.02.2024"]}, {}, ("random", "")),
        ({"day": DAYS[:1] * 4}, {}, ("random", "")),
        ({"sale_year": ["2001", "2001", "2002", "2003"]}, {}, ("time", "sale_year")),
        ({"sales": ["2001", "2001", "2002", "2003"]}, {}, ("random", "")),
        ({"day": DAYS, "shop": ["a", "b", "a", "b"]}, {"group": "shop"}, ("group", "shop")),
        ({"day": DAYS, "year": ["1", "2", "3", "4"]}, {"time": "year"}, ("time", "year")),
    ],
)
def test_the_split(table, named, found):
    assert split(table, **named)[:2] == found


@pytest.mark.parametrize("table", [{"sales": ["3", "1"]}, {"day": ["01.02.2024", "02.02.2024", "03.02.2024"]}])
def test_the_order_of_the_rows_is_offered_where_no_column_says_it(table):
    assert "or order, if the newest rows stand last" in split(table)[2]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("House Prices_2024.csv.gz", "house-prices-2024"),
        ("2024 sales.csv", "sales"),
        ("7up.csv", "up"),
        ("(1) sales.csv", "sales"),
        ("2024.csv", "model"),
        ("Größe.csv", "grosse"),
        (f"{'long ' * 20}.csv", "long-long-long-long-long-long-long-long"),
    ],
)
def test_the_name(file, name):
    assert guesses.name(Path(file)) == name


@pytest.mark.parametrize(
    ("rare", "metric", "positive"), [(4, "average_precision", "fraud"), (5, "log_loss", ""), (50, "log_loss", "")]
)
def test_a_class_of_few_rows_is_what_the_metric_looks_for(rare, metric, positive):
    target = pd.Series(["fraud"] * rare + ["good"] * (100 - rare), name="y", dtype=object)

    found, why = guesses.metric(target, "classification")

    assert (found, guesses.rare_class(target, "classification")) == (metric, positive)
    assert not positive or '4.0% of the rows are "fraud"' in why


def test_none_of_three_classes_is_the_one_to_look_for():
    target = pd.Series(["a"] * 2 + ["b"] * 49 + ["c"] * 49, name="y", dtype=object)

    assert guesses.rare_class(target, "classification") == ""
