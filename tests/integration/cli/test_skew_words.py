"""What `evergreen features check` says of the skew that a run has found."""

import io

import pytest
from rich.console import Console

from cli.feature_store.skew import skew_table, skew_words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((0, 0, 0), "skew: no predictions with stored features have come in since the last run"),
        ((1, 0, 0), "skew: 1 row of predictions compared, every value is that of the history"),
        ((2000, 1, 3), "compared, 1 value not in the history; 3 got older values than should be online"),
        ((7, 2, 0), "skew: 7 rows of predictions compared, 2 values not in the history"),
    ],
)
def test_one_sentence_sums_it_up(found, words):
    assert words in skew_words(dict(zip(("rows", "differences", "late"), found, strict=True)))


def test_the_table_has_both_values_and_says_where_the_history_has_none():
    common = {"view": "market", "entity": {"city": "Austin", "street": 7}, "event": "2026-10-01T00:00:00+00:00"}
    named = [
        {**common, "feature": "sales", "served": 5, "history": None, "known": True},
        {**common, "feature": "hot", "served": None, "history": None, "known": False},
    ]
    shown = io.StringIO()
    Console(file=shown, width=200).print(skew_table(named))

    first, second = (line for line in shown.getvalue().splitlines() if "Austin" in line)
    assert "market: sales" in first
    assert "city Austin, street 7" in first
    assert first.index(" 5 ") < first.index("missing")
    assert "has no such event" in second
