"""What README.md, CONTRIBUTING.md and docs/ tell their reader to type."""

import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

# A block of `sh` holds commands; these hold what is not typed.
OTHER_BLOCKS = ("text", "toml", "json", "python")


@dataclass(frozen=True)
class Command:
    """One command as it is written, and where."""

    page: str
    line: int
    text: str

    @property
    def words(self) -> list[str]:
        """As a shell takes them apart, without a comment, variables set for it, and redirections."""
        words = shlex.split(self.text, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        return words[: words.index(">")] if ">" in words else words


def pages(checkout: Path) -> list[Path]:
    return [checkout / "README.md", checkout / "CONTRIBUTING.md", *sorted((checkout / "docs").rglob("*.md"))]


def commands(checkout: Path, programs: Collection[str]) -> Iterator[Command]:
    """Every command of every page: all that blocks of `sh` hold, and what prose quotes that begins with a program."""
    for page in pages(checkout):
        name, text = page.relative_to(checkout).as_posix(), page.read_text()
        for language, line, block in blocks(text):
            if language == "sh":
                yield from (Command(name, number, typed) for number, typed in _typed(block, line))
        prose = re.sub(r"(?ms)^```.*?^```$", lambda block: "\n" * block[0].count("\n"), text)
        for number, content in enumerate(prose.splitlines(), 1):
            for quoted in re.findall(r"`([^`]+)`", content):
                program, _, rest = quoted.partition(" ")
                if program in programs and rest:
                    yield Command(name, number, quoted)


def blocks(text: str) -> Iterator[tuple[str, int, str]]:
    """Language, first line's number and content of each fenced block."""
    for block in re.finditer(r"(?ms)^```(\w*)\n(.*?)^```$", text):
        yield block[1], text.count("\n", 0, block.start(2)) + 1, block[2]


def _typed(block: str, line: int) -> Iterator[tuple[int, str]]:
    """Each command of a block with its line; a backslash at the end of a line goes on."""
    joined, first = "", line
    for number, content in enumerate(block.splitlines(), line):
        joined, first = (joined + content, first) if joined else (content, number)
        if joined.endswith("\\"):
            joined = joined[:-1]
        else:
            if joined.strip() and not joined.lstrip().startswith("#"):
                yield first, joined
            joined = ""
