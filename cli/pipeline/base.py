"""The settings and the table of the commit that a change is compared with, taken from Git."""

from dataclasses import dataclass
from pathlib import Path

from cli.data.git import Git
from cli.data.table_history import TableHistory
from evergreen.errors import CommandFailed, InvalidSettings
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import ModelSettings


@dataclass(frozen=True, kw_only=True)
class Base:
    """
    Attributes:
        settings_file: the commit's model.toml, with its table where that file names it; None if it cannot be trained.
        notes: sentences: why it cannot, or in what it is not quite the commit's.
    """

    settings_file: Path | None
    notes: tuple[str, ...] = ()


def commit_of(git: Git, ref: str) -> str:
    """The commit that a branch, a tag or a hash names.

    Raises:
        CommandFailed: this clone knows no such commit.
    """
    try:
        return git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").strip()
    except CommandFailed as error:
        raise CommandFailed(
            f"this clone has no commit {ref}. Fetch it (git fetch origin), or name another with --base"
        ) from error


def write_base(git: Git, ref: str, settings_file: Path, settings: ModelSettings, folder: Path) -> Base:
    """Write model.toml and the table of a commit to a folder, each where the repository has it.

    Args:
        settings_file: model.toml of the checkout.
        settings: what it holds.

    Raises:
        CommandFailed: this clone knows no such commit.
    """
    commit = commit_of(git, ref)
    name = git.name(settings_file)
    if not git.files_at(commit, settings_file):
        return Base(settings_file=None, notes=(f"{ref} has no {name}: there is nothing to compare with.",))
    written = folder / name
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_bytes(git.content(commit, name))
    try:
        theirs = read_settings(written)
    except InvalidSettings as error:
        return Base(settings_file=None, notes=(f"The {name} of {ref} cannot be used by this code: {error}",))
    if theirs.name != settings.name:
        return Base(settings_file=None, notes=(f"{ref} has another model, {theirs.name!r}: there is no champion.",))
    return _with_table(
        git, ref, commit, settings_file.parent / theirs.data.path, written, written.parent / theirs.data.path
    )


def _with_table(git: Git, ref: str, commit: str, table: Path, settings_file: Path, to: Path) -> Base:
    """The table of the commit; if Git does not have it, the one of the checkout."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if _is_within(table, git.root) and git.files_at(commit, table):
        TableHistory(table).write_from_git(commit, to)
        return Base(settings_file=settings_file)
    if not table.exists():
        why = f"The table of {ref}, {table.name}, is not in Git and not here: there is nothing to compare with."
        return Base(settings_file=None, notes=(why,))
    to.symlink_to(table.resolve())
    note = f"The table of {ref} is not in Git: both were trained on the one that is here."
    return Base(settings_file=settings_file, notes=(note,))


def _is_within(path: Path, root: Path) -> bool:
    return (path.parent.resolve() / path.name).is_relative_to(root.resolve())
