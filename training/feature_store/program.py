"""How each program here ends, and how it writes a file."""

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evergreen.errors import EvergreenError


def run(main: Callable[[], None]) -> None:
    """Call `main`. An EvergreenError is printed as its message alone, and the process ends with 1."""
    # Of each query: what ibis calls DuckDB's method, which nobody here can change.
    warnings.filterwarnings("ignore", message="fetch_arrow_table")
    try:
        main()
    except EvergreenError as error:
        sys.exit(f"evergreen: {error}")


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A file to write to, which takes the place of `file` once the block has ended well. Half a file is never seen."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        # mkstemp's files are for their owner alone.
        part.chmod(0o644)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
