"""Console output: steps with their times, updated in place on a terminal, printed line by line elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

# Reports go to standard output, so that they can be piped; failures to standard error.
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

# Seconds between two lines of progress without a terminal.
_QUIET = 5.0


@dataclass
class Step:
    """A step that is running, or has run."""

    title: str
    seconds: float = 0.0
    result: str = ""  # its outcome in a few words, printed after the time
    _started: float = field(default_factory=time.monotonic)
    _status: Status | None = None
    _said: float = field(default_factory=time.monotonic)

    def progress(self, words: str) -> None:
        """Show how far the step has come."""
        now = time.monotonic()
        if self._status:
            self._status.update(f"{self.title}: {words}")
        elif now - self._said >= _QUIET:
            console.print(f"    {words}", style="dim", markup=False)
            self._said = now

    def elapsed(self) -> float:
        return time.monotonic() - self._started


@contextmanager
def running(title: str) -> Iterator[Step]:
    """A step that shows its progress, and leaves no line when it ends."""
    if console.is_terminal:
        with console.status(title) as status:
            yield Step(title, _status=status)
    else:
        yield Step(title)


class Steps:
    """Runs named steps one after another and remembers how long each took, in seconds."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self._started = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        if not console.is_terminal:
            console.print(f"  {title} ...", markup=False)
        with running(title) as current:
            yield current
        current.seconds = current.elapsed()
        self.done.append(current)
        result = f"   {current.result}" if current.result else ""
        console.print("✓", style="green", end=" ")
        console.print(f"{title:<52} {current.seconds:6.1f} s{result}", markup=False, soft_wrap=True)


class PlainTable(Table):
    """Its cells are shown as they are: what stands in them may be a caller's text, and look like markup."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells), **options)
