"""Evidently draws what we have measured: the same numbers, the same verdicts, whatever the column holds."""

import importlib
import os
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.monitoring.drift import report
from evergreen.monitoring.drift.comparison import PREDICTION, compare, measure
from evergreen.monitoring.drift.report import EvidentlyMeasure
from evergreen.settings.sections import DriftSettings

RULE = DriftSettings()
GENERATOR = np.random.default_rng(0)
SOME = GENERATOR.uniform(0, 1, 300)
CITIES = GENERATOR.choice(np.array(["Austin", "Dallas", "Waco"], object), 300)


def holed(values: np.ndarray, missing) -> np.ndarray:
    copy = values.copy()
    copy[::7] = missing
    return copy


# Reference and current of a column.
NUMBERS = {
    "the same": (SOME, SOME[:200]),
    "shifted": (SOME, SOME[:200] + 0.5),
    "with missing values": (holed(SOME, np.nan), holed(SOME[:200], np.nan)),
    "all missing": (SOME, np.full(200, np.nan)),
    "one value is left": (SOME, np.array([np.nan] * 199 + [0.5])),
    "constant": (np.full(300, 2.5), np.full(200, 2.5)),
    "constant, moved": (np.full(300, 2.5), np.full(200, 3.5)),
    # A number of few values is still a number.
    "few values": (np.arange(300.0) % 4, np.arange(200.0) % 3),
    # What Evidently's histograms have failed on.
    "the last digit differs": (SOME, np.array([0.3, 0.1 + 0.2] * 100)),
    "as large as a float can be": (np.array([1e308, -1e308] * 150), np.append(SOME[:199], 1.7e308)),
    "large and constant": (np.full(300, 1e20), np.full(200, 1e308)),
    "as small as a float can be": (np.array([0, 5e-324] * 150), np.zeros(200)),
    "nanoseconds": (1.7e18 + 1e9 * SOME, 1.7e18 + 1e9 * SOME[:200]),
}
CATEGORIES = {
    "the same": (CITIES, CITIES[:200]),
    "shifted": (CITIES, np.array(["Austin"] * 200, object)),
    "with missing values": (holed(CITIES, None), holed(CITIES[:200], None)),
    "all missing": (CITIES, np.array([None] * 200, object)),
    "constant": (np.array(["Waco"] * 300, object), np.array(["Waco"] * 200, object)),
    "numbers as text": (np.array(["1", "2", "10"] * 100, object), np.array(["1", "2"] * 100, object)),
    "words for nothing": (np.array(["nan", "None", ""] * 100, object), np.array(["NaN", ""] * 100, object)),
    "many": (np.arange(300).astype(str).astype(object), np.arange(100, 300).astype(str).astype(object)),
}


def agree(reference: pd.DataFrame, current: pd.DataFrame, features: list[Feature]) -> EvidentlyMeasure:
    evidently = EvidentlyMeasure(RULE)
    assert compare(reference, current, features, RULE, measure=evidently) == compare(
        reference, current, features, RULE, measure=measure
    )
    return evidently


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Of the largest floats' mean.
def test_it_measures_numbers_of_every_kind_as_we_do():
    features = [Feature(name=name, type=NUMBER, missing_allowed=True, minimum=0.0, maximum=1.0) for name in NUMBERS]
    reference = pd.DataFrame({name: before for name, (before, _) in NUMBERS.items()})
    current = pd.DataFrame({name: now for name, (_, now) in NUMBERS.items()})

    assert agree(reference, current, features).html


def test_it_measures_categories_of_every_kind_as_we_do():
    features = [
        Feature(name=name, type=CATEGORY, missing_allowed=True, categories=("Austin", "Dallas")) for name in CATEGORIES
    ]
    reference = pd.DataFrame({name: before for name, (before, _) in CATEGORIES.items()})
    # The dtype that a window has.
    current = pd.DataFrame({name: pd.Categorical(now) for name, (_, now) in CATEGORIES.items()})

    assert agree(reference, current, features).html


def test_the_report_shows_every_column_and_the_tests_by_their_names():
    reference = pd.DataFrame({"living area": SOME, "city": CITIES, PREDICTION: SOME})
    current = pd.DataFrame({"living area": SOME[:200] + 0.5, "city": CITIES[:200], PREDICTION: SOME[:200]})
    features = [
        Feature(name="living area", type=NUMBER, missing_allowed=False),
        Feature(name="city", type=CATEGORY, missing_allowed=False, categories=("Austin", "Dallas", "Waco")),
    ]

    html = agree(reference, current, features).html.decode()

    for words in (
        "living area",
        "city",
        PREDICTION,
        "Kolmogorov-Smirnov distance, two-sample",
        "total variation distance, two-sample chi-square",
    ):
        assert words in html
    assert "detected" in html


def test_the_window_is_drawn_as_the_current_sample():
    reference = pd.DataFrame({"city": ["only before", "always"] * 150})
    current = pd.DataFrame({"city": ["only now", "always"] * 100})

    html = agree(reference, current, [Feature(name="city", type=CATEGORY, missing_allowed=False)]).html.decode()

    bars = {
        name: set(re.findall('"([^"]*)"', x))
        for name, x in re.findall(r'"name": "(\w+)", "visible": true, "x": \[(.*?)\]', html)
    }
    assert bars == {"current": {"always", "only now"}, "reference": {"always", "only before"}}


@pytest.mark.parametrize(("moved", "verdict"), [(0.5, "Data drift detected"), (0.0, "Data drift not detected")])
def test_the_report_gives_the_verdict_that_the_message_gives(moved, verdict):
    features = [Feature(name="area", type=NUMBER, missing_allowed=False)]
    reference, current = pd.DataFrame({"area": SOME}), pd.DataFrame({"area": SOME[:200] + moved})

    html = agree(reference, current, features).html.decode()

    found = {words for words in ("Data drift detected", "Data drift not detected") if words in html}
    assert found == {verdict}


def test_ten_thousand_categories_are_drawn_as_the_commonest_and_the_others():
    """Evidently itself takes minutes for them."""
    names = np.repeat(np.array([f"street {number}" for number in range(10_000)], object), 10)
    reference = pd.DataFrame({"street": np.append(names, ["Main Street"] * 5000)})
    current = pd.DataFrame({"street": np.append(names[50_000:], ["Main Street"] * 5000)})

    html = agree(reference, current, [Feature(name="street", type=CATEGORY, missing_allowed=False)]).html.decode()

    assert "Main Street" in html
    assert "(others)" in html
    # Each once or twice in the data of a plot.
    assert 100 <= len(re.findall(r"street \d+", html)) < 1000


def test_a_category_of_fewer_than_ten_rows_is_not_quoted():
    """It may be the name of a person."""
    reference = pd.DataFrame({"name": ["Smith"] * 300 + ["Rarely"] * 4 + ["Often"] * 5})
    current = pd.DataFrame({"name": ["Smith"] * 200 + ["Rarely"] * 5 + ["Often"] * 5})

    html = agree(reference, current, [Feature(name="name", type=CATEGORY, missing_allowed=False)]).html.decode()

    assert "Smith" in html
    assert "Often" in html
    assert "Rarely" not in html


def test_without_any_column_there_is_nothing_to_draw():
    evidently = EvidentlyMeasure(RULE)

    assert evidently(pd.DataFrame(), pd.DataFrame(), [], 0) == {}
    assert evidently.html == b""


def test_no_usage_statistics_leave_the_account(monkeypatch):
    from evidently.telemetry import event_logger

    monkeypatch.delenv("DO_NOT_TRACK")
    assert event_logger.is_enabled()

    importlib.reload(report)

    assert os.environ["DO_NOT_TRACK"] == "1"
    assert not event_logger.is_enabled()


HOSTILE = (
    "</script><script>document.title='X'</script>",
    "<img src=x onerror=document.title='X'>",
    '"><svg onload="document.title=1">',
    "'-alert(1)-'",
    "</title></style><script>alert(1)</script>",
    "\\u003cscript\\u003ealert(1)",
    "a\u2028b\u2029c\x00d",
    "<a href='javascript:alert(1)'>click</a>",
    "x" * 5000,
)


class Elements(HTMLParser):
    """Counts elements, and the attributes that are scripts."""

    def __init__(self, html):
        super().__init__()
        self.found = Counter()
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found[tag] += 1
        self.found["handlers"] += sum(
            name.startswith("on") or (value or "").startswith("javascript:") for name, value in attributes
        )


def drawn(texts):
    """The report of columns of these names, whose categories have these names too."""
    features = [Feature(name=text, type=CATEGORY, missing_allowed=False) for text in texts]
    categories = np.array(texts, object)
    reference = pd.DataFrame({text: np.resize(categories, 300) for text in texts})
    current = pd.DataFrame({text: np.resize(categories[::-1], 200) for text in texts})
    return agree(reference, current, features).html.decode()


def test_no_name_and_no_value_becomes_a_part_of_the_page():
    hostile, plain = drawn(HOSTILE), drawn([f"name {number}" for number in range(len(HOSTILE))])

    assert Elements(hostile).found == Elements(plain).found
    for text in HOSTILE:
        assert text not in hostile
    assert r"\u2039img src=x onerror" in hostile


def test_names_that_look_alike_are_drawn_apart():
    assert report.harmless(["<a>", "\u2039a\u203a", "x" * 100, "x" * 101]) == {
        "<a>": "\u2039a\u203a",
        "\u2039a\u203a": "\u2039a\u203a (2)",
        "x" * 100: "x" * 57 + "...",
        "x" * 101: "x" * 57 + "... (2)",
    }
