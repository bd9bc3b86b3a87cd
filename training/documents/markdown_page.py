"""Renders a document as GitHub's Markdown. Figures are links to the files beside it."""

import re
from itertools import chain

from evergreen.judging.card_decision import MARK, escape_markdown
from training.documents.document import (
    Bars,
    Block,
    Cell,
    Code,
    Document,
    Facts,
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

_LINE_START = re.compile(r"^(#{1,6}|[-+=]|\d+(?=[.)]))")
_BLOCKS = "▁▂▃▄▅▆▇█"


def render(document: Document) -> str:
    """The whole page."""
    lines = [f"# {document.kind}: {_text(document.title)}"]
    lines += _paragraph(document.lead)
    origin = " · ".join(f"{name} {_code(value)}" for name, value in document.origin)
    lines += ["", origin] if origin else []
    lines += _headlines(document)
    if document.gaps:
        lines += ["", f"> **{_text(document.gaps)}** Each is named below with the setting that holds it."]
    if document.judged:
        lines += ["", MARK]
    lines += chain.from_iterable(_section(section) for section in document.sections)
    return "\n".join(lines) + "\n"


def _headlines(document: Document) -> list[str]:
    if not document.headlines:
        return []
    return [
        "",
        f"| {' | '.join(_text(headline.label) for headline in document.headlines)} |",
        f"|{'---|' * len(document.headlines)}",
        f"| {' | '.join(f'**{_text(headline.value)}**' for headline in document.headlines)} |",
        f"| {' | '.join(_text(headline.note) for headline in document.headlines)} |",
    ]


def _section(section: Section) -> list[str]:
    return ["", f"## {section.title}", *chain.from_iterable(_block(block) for block in section.blocks)]


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph(text):
            return _paragraph(text)
        case Listing(items):
            return ["", *(f"- {_line(item)}" for item in items)]
        case Facts(rows):
            return ["", "| | |", "|---|---|", *(f"| {_text(name)} | {_cell(value)} |" for name, value in rows)]
        case Letter():
            lines = [line for line in block.text.splitlines() if line.strip()]
            return ["", f"**{_text(block.subject)}**", *(f"\n> {_text(line)}" for line in lines)]
        case Statement():
            return _statement(block)
        case Table():
            return _table(block)
        case Gallery(figures):
            return [
                line
                for figure in figures
                for line in ("", f"![{_text(figure.label)}]({figure.name})", "", f"*{_text(figure.caption)}*")
            ]


def _statement(statement: Statement) -> list[str]:
    lines = ["", f"**{statement.heading}**"]
    if statement.missing:
        return [*lines, "", f"> *{_text(statement.remedy)}*"]
    return [*lines, *chain.from_iterable(_paragraph(text) for text in statement.paragraphs)]


def _table(table: Table) -> list[str]:
    rules = "".join("---:|" if index in table.right else "---|" for index in range(len(table.head)))
    return [
        "",
        f"*{_text(table.caption)}*",
        "",
        f"| {' | '.join(_text(title) for title in table.head)} |",
        f"|{rules}",
        *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table.rows),
    ]


def _cell(cell: Cell) -> str:
    match cell:
        case Code(text):
            return _code(text)
        case Bars(heights, _):
            tallest = max(heights, default=0.0)
            steps = len(_BLOCKS) - 1
            return "".join(_BLOCKS[round(steps * height / tallest)] for height in heights) if tallest else ""
        case Link(text, file):
            return f"[{_text(text)}]({file})"
        case str():
            return _text(cell)


def _paragraph(text: str) -> list[str]:
    return ["", _line(text)] if text.strip() else []


def _line(text: str) -> str:
    """Text at the start of a line, where more characters are markup than within a line."""
    return _LINE_START.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", _text(text))


def _text(text: str) -> str:
    return escape_markdown(printable(text))


def _code(text: str) -> str:
    """Code between enough backticks. A pipe would end a table's cell even in code, so such text is escaped instead."""
    clean = printable(text)
    if not clean:
        return ""
    if "|" in clean:
        return _text(clean)
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", clean)), default=0))
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{ticks}{pad}{clean}{pad}{ticks}"
