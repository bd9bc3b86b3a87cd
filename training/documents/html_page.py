"""Renders a document as one HTML file that contains its style and drawings, and loads and runs nothing."""

import html
import re
from itertools import chain

from evergreen.judging.card_decision import MARK
from training.documents.document import (
    Bars,
    Block,
    Cell,
    Code,
    Document,
    Facts,
    Figure,
    Gallery,
    Letter,
    Link,
    Listing,
    Paragraph,
    Section,
    Statement,
    Table,
    printable,
)
from training.documents.page_style import CSS

# Size of a small histogram, in units of its viewBox.
_WIDTH, _HEIGHT = 96, 24


def render(document: Document) -> str:
    """The whole page."""
    title = f"{document.kind}: {printable(document.title)}"
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title>",
        f"<style>\n{CSS}</style>",
        "</head>",
        "<body>",
        '<div class="page">',
        *_header(document),
        '<div class="columns">',
        '<nav aria-label="Sections">',
        "<ul>",
        *(f'<li><a href="#{section.anchor}">{section.title}</a></li>' for section in document.sections),
        "</ul>",
        "</nav>",
        "<main>",
    ]
    if document.judged:
        lines += ['<section id="decision">', "<h2>Decision</h2>", MARK, "</section>"]
    lines += chain.from_iterable(_section(section) for section in document.sections)
    lines += ["</main>", "</div>", "</div>", "</body>", "</html>"]
    return "\n".join(lines) + "\n"


def _header(document: Document) -> list[str]:
    lines = ["<header>", f'<p class="kind">{document.kind}</p>', f"<h1>{_text(document.title)}</h1>"]
    if document.lead.strip():
        lines.append(f'<p class="lead">{_text(document.lead)}</p>')
    if document.origin:
        lines.append('<dl class="origin">')
        lines += [
            f"<div><dt>{_text(name)}</dt><dd><code>{_text(value)}</code></dd></div>" for name, value in document.origin
        ]
        lines.append("</dl>")
    if document.headlines:
        lines.append('<dl class="headlines">')
        lines += [
            f'<div><dt>{_text(headline.label)}</dt><dd class="value">{_text(headline.value)}</dd>'
            f'<dd class="note">{_text(headline.note)}</dd></div>'
            for headline in document.headlines
        ]
        lines.append("</dl>")
    if document.gaps:
        lines.append(
            f'<p class="gaps"><strong>{_text(document.gaps)}</strong> '
            "Each is named below with the setting that holds it.</p>"
        )
    return [*lines, "</header>"]


def _section(section: Section) -> list[str]:
    return [
        f'<section id="{section.anchor}">',
        f"<h2>{section.title}</h2>",
        *chain.from_iterable(_block(block) for block in section.blocks),
        "</section>",
    ]


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph(text):
            return [f"<p>{_text(text)}</p>"]
        case Listing(items):
            return ["<ul>", *(f"<li>{_text(item)}</li>" for item in items), "</ul>"]
        case Facts(rows):
            return [
                '<dl class="facts">',
                *(f"<dt>{_text(name)}</dt><dd>{_cell(value)}</dd>" for name, value in rows),
                "</dl>",
            ]
        case Letter():
            return [
                "<details>",
                f"<summary>{_text(block.subject)}</summary>",
                *(f"<p>{_text(line)}</p>" for line in block.text.splitlines() if line.strip()),
                "</details>",
            ]
        case Statement():
            return _statement(block)
        case Table():
            return _table(block)
        case Gallery(figures):
            return ['<div class="gallery">', *(_figure(figure) for figure in figures), "</div>"]


def _statement(statement: Statement) -> list[str]:
    lines = [f"<h3>{_text(statement.heading)}</h3>"]
    if statement.missing:
        return [*lines, f'<p class="missing">{_text(statement.remedy)}</p>']
    return [*lines, *(f"<p>{_text(paragraph)}</p>" for paragraph in statement.paragraphs)]


def _table(table: Table) -> list[str]:
    def right(index: int) -> str:
        return ' class="right"' if index in table.right else ""

    caption = _text(table.caption)
    # The caption is outside the part that scrolls, so that a phone shows all of it.
    lines = ['<div class="table">', f'<p class="caption" aria-hidden="true">{caption}</p>']
    lines += [f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">', "<table>"]
    head = "".join(f'<th scope="col"{right(index)}>{_text(title)}</th>' for index, title in enumerate(table.head))
    lines += ["<thead>", f"<tr>{head}</tr>", "</thead>", "<tbody>"]
    for name, *cells in table.rows:
        row = "".join(f"<td{right(index)}>{_cell(cell)}</td>" for index, cell in enumerate(cells, 1))
        lines.append(f'<tr><th scope="row">{_cell(name)}</th>{row}</tr>')
    return [*lines, "</tbody>", "</table>", "</div>", "</div>"]


def _figure(figure: Figure) -> str:
    drawing = figure.svg[figure.svg.index("<svg") :].strip()
    # In HTML a drawing needs no XML declaration, and the column sets its size.
    opening = f'<svg role="img" aria-label="{_text(figure.label)}"'
    drawing = re.sub(r"^<svg", lambda _: opening, re.sub(r' (width|height)="[\d.]+pt"', "", drawing, count=2))
    return f"<figure>\n{drawing}\n<figcaption>{_text(figure.caption)}</figcaption>\n</figure>"


def _cell(cell: Cell) -> str:
    match cell:
        case Code(text):
            return f"<code>{_text(text)}</code>"
        case Bars(heights, label):
            return _bars(heights, label)
        case Link(text, file):
            return f'<a href="{_text(file)}">{_text(text)}</a>'
        case str():
            return _text(cell)


def _bars(heights: tuple[float, ...], label: str) -> str:
    tallest = max(heights, default=0.0)
    if not tallest:
        return ""
    step = _WIDTH / len(heights)
    # A bar of the smallest count stays visible.
    tall = [max(1.0, _HEIGHT * height / tallest) if height else 0.0 for height in heights]
    path = "".join(
        f"M{index * step:.4g} {_HEIGHT}v-{height:.3g}h{step * 0.86:.3g}v{height:.3g}z"
        for index, height in enumerate(tall)
        if height
    )
    return (
        f'<svg class="bars" role="img" aria-label="{_text(label)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'preserveAspectRatio="none"><path d="{path}"/></svg>'
    )


def _text(text: str) -> str:
    return html.escape(printable(text))
