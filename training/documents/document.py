"""The parts of a document, in any form: sections of paragraphs, tables, statements and figures.

All text is plain. `html_page` and `markdown_page` escape it, so that a column's name is never read as markup.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evergreen.number_text import number

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Code:
    """Text in a fixed-width font: a hash, a parameter, a file's name."""

    text: str


@dataclass(frozen=True)
class Bars:
    """A small histogram: heights from left to right, and a description."""

    heights: tuple[float, ...]
    label: str


@dataclass(frozen=True)
class Link:
    """A name that leads to a file beside the page."""

    text: str
    file: str


Cell = str | Code | Bars | Link


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Listing:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names and their values, one below the other."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message as it was sent, line by line, which a page folds away under its subject."""

    subject: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement that only a person can make, from model.toml. Without text, the page names the setting to fill in."""

    heading: str
    text: str
    section: str
    key: str

    @property
    def missing(self) -> bool:
        return not self.text.strip()

    @property
    def remedy(self) -> str:
        return f"Not stated. Set {self.key} in [{self.section}] of model.toml."

    @property
    def paragraphs(self) -> list[str]:
        """The text, split at empty lines."""
        return [" ".join(part.split()) for part in re.split(r"\n\s*\n", self.text) if part.strip()]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a head; the first cell of a row names it.

    Attributes:
        right: the columns, from 0, whose cells are numbers and are aligned right.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing as a standalone SVG.

    Attributes:
        name: name of its file.
        label: what it shows, for readers who do not see it.
    """

    name: str
    caption: str
    label: str
    svg: str


@dataclass(frozen=True)
class Gallery:
    figures: tuple[Figure, ...]


Block = Paragraph | Listing | Facts | Letter | Statement | Table | Gallery


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class Headline:
    """An important number, shown large at the top."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """
    Attributes:
        kind: "Model card" or "Data sheet".
        lead: one sentence on the subject; may be empty.
        origin: names and values of versions, shown in one line under the lead.
        judged: whether the decision of Judge will be inserted.
    """

    kind: str
    title: str
    lead: str
    origin: tuple[tuple[str, str], ...]
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    judged: bool = False

    @property
    def statements(self) -> list[Statement]:
        return [block for section in self.sections for block in section.blocks if isinstance(block, Statement)]

    @property
    def gaps(self) -> str:
        """A sentence that names the missing statements; empty if none is missing."""
        missing = [statement.key for statement in self.statements if statement.missing]
        if not missing:
            return ""
        verb = "is" if len(missing) == 1 else "are"
        return f"{len(missing)} of {len(self.statements)} statements {verb} missing: {', '.join(missing)}."

    @property
    def figures(self) -> list[Figure]:
        galleries = [block for section in self.sections for block in section.blocks if isinstance(block, Gallery)]
        return [figure for gallery in galleries for figure in gallery.figures]


def printable(text: str, *, at_most: int | None = None) -> str:
    """Text in one line, cut to `at_most` characters. Characters that XML or UTF-8 cannot carry are replaced."""
    clean = " ".join(_UNPRINTABLE.sub("\ufffd", text).split())
    return clean if at_most is None or len(clean) <= at_most else f"{clean[: at_most - 1]}…"


def first(items: Sequence[str], count: int) -> str:
    """The first names of a list, and how many more there are."""
    more = len(items) - count
    return ", ".join(items[:count]) + (f" and {number(more)} more" if more > 0 else "")


def shortened(which: str, count: int, at_most: int, *, full: str = "") -> str:
    """The sentence of a caption that says which part is shown; empty if all is shown.

    Args:
        which: the part in words: "first 20" or "20 worst".
        count: how many there are.
        at_most: how many are shown.
        full: the file that holds all of them.
    """
    if count <= at_most:
        return ""
    return f" The {which} of {number(count)}" + (f"; {full} has all." if full else ".")
