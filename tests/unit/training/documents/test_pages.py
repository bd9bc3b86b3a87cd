"""A document in both forms: all text is text, whatever is in it, and nothing is fetched."""

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from evergreen.judging.card_decision import MARK
from tests.unit.training.documents.evidence import NASTY
from training.documents import html_page, markdown_page
from training.documents.document import (
    Bars,
    Code,
    Document,
    Facts,
    Headline,
    Listing,
    Paragraph,
    Section,
    Statement,
    Table,
)

NOT_STATED = Statement(heading="Owner", text="  ", section="card", key="owner")


def document(*blocks, judged=False, lead="") -> Document:
    return Document(
        kind="Model card",
        title="houses",
        lead=lead,
        origin=(("Version", "v1"),),
        headlines=(Headline(label="mape", value="0.07", note="of the holdout"),),
        sections=(Section("Model details", blocks),),
        judged=judged,
    )


def everything_from(text: str) -> Document:
    """A document that holds the text 13 times."""
    return document(
        Paragraph(text),
        Listing((text,)),
        Facts(((text, text), ("as code", Code(text)))),
        Statement(heading="Owner", text=text, section="card", key="owner"),
        Table(caption=text, head=("Feature", text), rows=((text, text), (Code(text), text))),
        lead=text,
    )


class Texts(HTMLParser):
    """Collects the tags and the pieces of text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, _attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data.strip())


def html_of_markdown(document: Document) -> str:
    # As GitHub reads it: HTML in it counts, and so do tables.
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown_page.render(document))


@pytest.mark.parametrize("name", [NASTY, "a|b`c", "``", "<script>alert(1)</script>", "# no title", "1. no list", "- x"])
def test_text_of_the_data_is_never_markup_in_either_form(name):
    for page in (html_page.render(everything_from(name)), html_of_markdown(everything_from(name))):
        parsed = Texts(page)
        assert parsed.texts.count(name) == 13
        assert "script" not in parsed.tags
        assert "b" not in parsed.tags


def test_a_name_with_a_line_break_does_not_break_a_table_row():
    page = markdown_page.render(document(Table(caption="c", head=("Feature",), rows=(("two\nlines",),))))

    assert "| two lines |" in page


def test_what_utf_8_and_xml_cannot_carry_is_replaced():
    for render in (html_page.render, markdown_page.render):
        page = render(everything_from("a\x00b\ud800c"))
        assert "a\ufffdb\ufffdc" in page
        page.encode()


def test_a_missing_statement_is_named_with_its_setting_and_counted_at_the_top():
    stated = Statement(heading="Contact", text="jane@example.org", section="card", key="contact")
    for render in (html_page.render, markdown_page.render):
        page = render(document(NOT_STATED, stated)).replace("\\", "")
        assert "1 of 2 statements is missing: owner." in page
        assert page.index("1 of 2") < page.index("Model details</h2>" if "<h2>" in page else "## Model details")
        assert "Not stated. Set owner in [card] of model.toml." in page
        assert "jane@example.org" in page


def test_a_document_in_which_nothing_is_missing_says_nothing_of_it():
    for render in (html_page.render, markdown_page.render):
        assert "missing:" not in render(document(Paragraph("all is said")))


def test_a_statement_keeps_its_paragraphs():
    text = "First\nparagraph.\n\nSecond one."
    statement = Statement(heading="Use", text=text, section="card", key="intended_use")

    assert "<p>First paragraph.</p>\n<p>Second one.</p>" in html_page.render(document(statement))
    assert "\nFirst paragraph.\n\nSecond one.\n" in markdown_page.render(document(statement))


def test_the_decision_s_place_is_one_line_of_its_own_and_cannot_be_forged():
    for render in (html_page.render, markdown_page.render):
        page = render(document(Paragraph(MARK), judged=True))
        assert page.splitlines().count(MARK) == 1
        assert page.count(MARK) == 1
        assert MARK not in render(document(Paragraph(MARK)))


def test_the_page_fetches_and_runs_nothing():
    page = html_page.render(everything_from("https://example.org/x.css"))

    assert not {"script", "link", "img", "iframe", "object"} & set(Texts(page).tags)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "@import" not in page
    assert "url(" not in page


def test_tables_and_histograms_can_be_read_without_seeing_them():
    bars = Bars((1.0, 4.0, 0.0), "Histogram of rooms from 1 to 9")
    table = Table(caption="The features.", head=("Feature", "Histogram"), rows=(("rooms", bars),))
    page = html_page.render(document(table))

    assert '<th scope="col">Feature</th>' in page
    assert '<th scope="row">rooms</th>' in page
    assert 'role="region" tabindex="0" aria-label="The features."' in page
    assert 'role="img" aria-label="Histogram of rooms from 1 to 9"' in page
    assert "| rooms | ▃█▁ |" in markdown_page.render(document(table))


def test_every_section_can_be_reached_from_the_top():
    page = html_page.render(document(Paragraph("x")))

    assert '<a href="#model-details">' in page
    assert '<section id="model-details">' in page
