"""The decision as the model card quotes it."""

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from evergreen.errors import BrokenBundle
from evergreen.judging.card_decision import CARD_HTML, CARD_MARKDOWN, MARK, quote
from evergreen.judging.promotion import Gate, decide

HOSTILE = "row 1: <script>alert(1)</script> | **bold** `x`"
IMPROVED = Gate(name="champion", passed=True, reason="mape 0.3 beats 0.4", numbers={"gain": 0.123456, "rows": 700})
PROMOTED = decide([IMPROVED], improvement=IMPROVED).as_dict()
REFUSED = decide([Gate(name="parity", passed=False, reason=HOSTILE), IMPROVED], improvement=IMPROVED).as_dict()


def card(name: str, decision: dict) -> str:
    return quote(f"before\n\n{MARK}\n\nafter\n".encode(), decision, name=name).decode()


def cells(html: str) -> list[list[str]]:
    """The text of a table's cells, row by row."""

    class Reader(HTMLParser):
        rows: list[list[str]] = []
        within = False

        def handle_starttag(self, tag, _attributes):
            if tag == "tr":
                self.rows = [*self.rows, []]
            if tag in ("th", "td"):
                self.within = True
                self.rows[-1].append("")

        def handle_endtag(self, tag):
            self.within = self.within and tag not in ("th", "td")

        def handle_data(self, data):
            if self.within:
                self.rows[-1][-1] += data

    reader = Reader()
    reader.feed(html)
    return reader.rows


def as_html(name: str, text: str) -> str:
    return text if name == CARD_HTML else MarkdownIt("commonmark").enable("table").render(text)


@pytest.mark.parametrize("name", [CARD_HTML, CARD_MARKDOWN])
def test_a_card_tells_why_a_training_began_that_nobody_has_asked_for(name):
    html = as_html(name, card(name, {**PROMOTED, "trigger": "new data: <e>"}))

    assert "mape 0.3 beats 0.4. It was trained because of this: new data: &lt;e&gt;." in html


@pytest.mark.parametrize("name", [CARD_HTML, CARD_MARKDOWN])
def test_a_card_tells_the_decision_its_reason_and_every_gate_with_its_numbers(name):
    html = as_html(name, card(name, PROMOTED))

    assert "<strong>Promoted</strong>: mape 0.3 beats 0.4." in html
    assert cells(html) == [
        ["Gate", "Passed", "Why", "Numbers"],
        ["champion", "yes", "mape 0.3 beats 0.4", "gain 0.1235, rows 700"],
    ]
    assert html.index("before") < html.index("Promoted") < html.index("after")
    assert MARK not in html


@pytest.mark.parametrize("name", [CARD_HTML, CARD_MARKDOWN])
def test_what_data_brought_into_a_reason_stays_text(name):
    html = as_html(name, card(name, REFUSED))

    assert "<strong>Not promoted</strong>" in html
    assert "<script>" not in html
    assert cells(html)[1] == ["parity", "no", HOSTILE, ""]


def test_a_card_without_a_place_for_the_decision_is_named():
    with pytest.raises(BrokenBundle, match=r"model_card\.md has no line"):
        quote(b"# Card", PROMOTED, name=CARD_MARKDOWN)
