"""What a card is made of, whatever form it is written in: sections of paragraphs, tables, statements and figures.

All text is plain: `html_page` and `markdown_page` escape it, so that a column's name is never taken for markup.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Code:
    """Text of a machine: a hash, a parameter, a file's name."""

    text: str


@dataclass(frozen=True)
class Bars:
    """A small histogram: heights from the left, and what it shows in words."""

    heights: tuple[float, ...]
    label: str


Cell = str | Code | Bars


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
class Statement:
    """What only a person can say, from model.toml; without text it is shown as missing, with the setting to fill in."""

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
        """The text, split where a line is empty."""
        return [" ".join(part.split()) for part in re.split(r"\n\s*\n", self.text) if part.strip()]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a head; the first cell of a row names it.

    Attributes:
        right: the columns, from 0, whose cells are numbers and stand to the right.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing as a standalone SVG.

    Attributes:
        name: of its file.
        label: what it shows, for those who do not see it.
    """

    name: str
    caption: str
    label: str
    svg: str


@dataclass(frozen=True)
class Gallery:
    figures: tuple[Figure, ...]


Block = Paragraph | Listing | Facts | Statement | Table | Gallery


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class Headline:
    """A number that matters, shown large at the top."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """
    Attributes:
        kind: "Model card" or "Data sheet".
        lead: one sentence on what it is about; may be empty.
        origin: names and values of where it comes from, in one line under the lead.
        judged: whether a decision will be quoted in it.
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
        """How many statements are missing, and which; empty if none is."""
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
    """Text in one line, without what XML and UTF-8 cannot carry, cut to a length if need be."""
    clean = " ".join(_UNPRINTABLE.sub("\ufffd", text).split())
    return clean if at_most is None or len(clean) <= at_most else f"{clean[: at_most - 1]}…"


def first(items: Sequence[str], count: int) -> str:
    """The first of some names, and how many more there are."""
    more = len(items) - count
    return ", ".join(items[:count]) + (f" and {more} more" if more > 0 else "")
