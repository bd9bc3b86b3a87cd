"""A table that nobody has described, as a command looks at it: what it writes and prints of it."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cli.console import PlainTable, console
from evergreen.errors import CommandFailed, InvalidData
from evergreen.number_text import counted, number
from evergreen.quoting import line

if TYPE_CHECKING:
    from training.inspection.inspection import Inspection

# Columns that are printed; model.toml names all that are left out.
_MOST = 60
# The page of the table, beside model.toml.
PAGE = "table.html"


def path_below(table: Path, output: Path) -> str:
    """The table's path from the folder of model.toml, below which it must lie.

    Raises:
        InvalidData: there is no such file.
        CommandFailed: it lies elsewhere.
    """
    if not table.exists():
        raise InvalidData(f"{table} does not exist")
    folder = output.absolute().parent.resolve()
    # The table's own name is not resolved: DVC may have replaced it by a link.
    place = table.absolute().parent.resolve() / table.absolute().name
    if not place.is_relative_to(folder) or place == folder:
        raise CommandFailed(
            f"{table} is not below {folder}, where {output.name} will be, and [data] path is a path from there. Copy "
            f"it into {folder / 'data'} first"
        )
    return place.relative_to(folder).as_posix()


def write(found: "Inspection", output: Path, *, version: str) -> Path:
    """Write model.toml, if it is read back as it was meant, and the page beside it; returns the page's path."""
    from evergreen.settings.model_toml import read_settings
    from training.inspection import document, page

    text = document.write(found)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / output.name
        trial.write_text(text, encoding="utf-8")
        if read_settings(trial) != found.settings:
            raise AssertionError("model.toml does not say what was found")
    output.write_text(text, encoding="utf-8")
    written = output.with_name(PAGE)
    written.write_text(page.write(found, version=version, settings_file=output.name), encoding="utf-8")
    return written


def show(found: "Inspection") -> None:
    """Print the columns, what was guessed, what becomes of the rows, and what looks wrong."""
    # The target, and what there is to say something about, is shown before the rest of a wide table.
    target = found.settings.data.target
    first = sorted(found.columns, key=lambda each: (each.name != target, not (each.leave_out or each.note)))
    names = {column.name for column in first[:_MOST]}
    columns = [column for column in found.columns if column.name in names]
    rows = PlainTable("Column", "Taken for", "Missing", "Values", "")
    for column in columns:
        use = "target" if column.name == target else "left out" if column.leave_out else ""
        missing = number(column.missing) if column.missing else ""
        rows.add_row(line(column.name), column.kind, missing, ", ".join(column.values), use)
    console.print(rows)
    if len(found.columns) > _MOST:
        _say(f"and {counted(len(found.columns) - _MOST, 'column')} more")
    for column in columns:
        if column.leave_out:
            _say(f"Left out: {line(column.name)}: {column.leave_out}")
        if column.note:
            _say(f"Note: {line(column.name)}: {column.note}")
    if sheets := found.reasons["sheet"]:
        _say(f"Sheet: {sheets}")
    settings = found.settings
    by = f" by {line(settings.split.by)}" if settings.split.by else ""
    _say(f"{settings.task}, judged by {settings.metric}; the split is {settings.split.type}{by}")
    if found.prepared:
        train, holdout = len(found.prepared.train), len(found.prepared.holdout)
        lost = f"; dropped: {found.prepared.lost}" if found.prepared.lost else ""
        _say(f"{counted(train, 'row')} to train on, {number(holdout)} kept for judging{lost}")
        for finding in found.prepared.findings:
            _say(f"Warning: {finding}")


def _say(text: str) -> None:
    console.print(f"  {text}", markup=False, soft_wrap=True)
