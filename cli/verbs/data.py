"""evergreen data: versions of the table. Git keeps their names, the data bucket their content."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cli.aws.renewals import Renewals, renews
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import PlainTable, Steps, console
from cli.data.collecting import collect as collect_labelled
from cli.data.dvc_repository import DvcRepository
from cli.data.git import Git
from cli.data.storage import DataStorage
from cli.data.table_history import TableHistory, TableVersion
from cli.data.versions import DataVersions
from evergreen.errors import CommandFailed
from evergreen.number_text import counted, number
from evergreen.settings.model_toml import read_settings
from evergreen.versions import data_version
from evergreen.versions.data_version import FOLDER

app = typer.Typer(
    help="Version the data: add, list, pull and push; collect labelled predictions.",
    no_args_is_help=True,
    add_completion=False,
)

# Characters of a version that are printed; `find` refuses them if they are ambiguous.
SHORT = 12

SettingsFile = Annotated[Path, typer.Option("--settings", help="The model's settings.")]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="The table: a file, or a folder of files.")],
    message: Annotated[str | None, typer.Option("--message", "-m", help="Message of the Git commit.")] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Make the table's present content a version: dvc add, dvc push and a Git commit."""
    table = _absolute(file)
    if not table.exists():
        raise CommandFailed(f"{file} does not exist")
    git = Git.containing(table.parent)
    if git.tracks(table):
        name = git.name(table)
        raise CommandFailed(
            f"{name} is tracked by Git, so DVC cannot version it. Take it out of Git, where its old versions stay, "
            f'and keep it on the disk: git rm -r --cached {name} && git commit -m "{name} moves to DVC". '
            "Then run this again"
        )
    target = Target.choose(environment, local=local)
    repository = DvcRepository(table.parent, target)
    history = TableHistory(table)
    steps = Steps()
    with steps.step(f"Add {file} to DVC"):
        repository.add(table)
    version = data_version.of_path(table)
    with steps.step("Push it to the data bucket") as step:
        # Pushed before the commit, so that everyone can fetch what Git names.
        step.result = repository.push(history.pointer)
        DataStorage(target).upload(version, news=True)
    short = version.version[:SHORT]
    with steps.step("Commit its .dvc file to Git") as step:
        if not git.commit(_written(git, history), message or f"{git.name(table)} is version {short}"):
            step.result = "it was committed already"
    console.print(f"  {file} is version {short}. Train on it with: evergreen train", markup=False, soft_wrap=True)


@app.command("list")
def list_versions(
    settings_file: SettingsFile = Path("model.toml"), environment: EnvironmentName = "dev", local: Local = False
) -> None:
    """List the versions of the table that model.toml names, the newest first."""
    target = Target.choose(environment, local=local)
    table, storage = _table(settings_file), DataStorage(target)
    versions = DataVersions(table, storage)
    present = versions.history.present()
    runs = Renewals(target).ledger().runs if renews(target) else ()
    renewals = {run.data: f"renewal {run.version}: {run.reason}" for run in runs}
    rows = PlainTable("Version", "", "When", "Bytes", "In the bucket", "Where it comes from")
    for version in versions.all:
        rows.add_row(
            version.version[:SHORT],
            "present" if version.version == present else "",
            f"{version.when:%Y-%m-%d %H:%M} UTC",
            "" if version.size is None else number(version.size),
            "yes" if storage.has(version.version) else "no",
            f"commit {version.commit[:SHORT]} {version.message}"
            if version.commit
            else renewals.get(version.version, "no commit"),
        )
    console.print(rows)
    if present is not None and present not in {version.version for version in versions.all}:
        console.print(
            f"  {table.name} on the disk is {present[:SHORT]}, which is not a version yet. "
            f"Run: evergreen data add {table}",
            markup=False,
            soft_wrap=True,
        )


@app.command()
def pull(
    version: Annotated[
        str | None,
        typer.Argument(help="The version or its first characters. Without it: the version that the .dvc file names."),
    ] = None,
    settings_file: SettingsFile = Path("model.toml"),
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Fetch a version of the table, and its .dvc file with it."""
    table, storage = _table(settings_file), DataStorage(Target.choose(environment, local=local))
    versions = DataVersions(table, storage)
    wanted = version or versions.history.declared()
    if wanted is None:
        raise CommandFailed(f"{table.name} has no .dvc file: name a version. List them with: evergreen data list")
    chosen, present = versions.find(wanted), versions.history.present()
    if chosen.version.endswith(FOLDER) and table.suffix and not table.is_dir():
        _pull_as_folder(versions, chosen, table.with_suffix(""), Steps())
        return
    if present == chosen.version:
        console.print(f"  {table.name} is version {present[:SHORT]} already.", markup=False)
    else:
        if present is not None and present not in {known.version for known in versions.all}:
            raise CommandFailed(
                f"{table} has changes that are in no version and would be lost. Run `evergreen data add {table}`, "
                "or move it away"
            )
        with Steps().step(f"Fetch {table.name}, version {chosen.version[:SHORT]}") as step:
            table.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=table.parent, prefix=".pull-") as folder:
                brought = Path(folder, "new", table.name)
                brought.parent.mkdir()
                versions.bring(chosen, brought, step.progress)
                if table.exists():
                    table.rename(Path(folder, table.name))
                brought.rename(table)
    pointer = versions.history.pointer_at(chosen.commit) if chosen.commit else None
    if pointer is not None and versions.history.declared() != chosen.version:
        versions.history.pointer.write_bytes(pointer)
        console.print(f"  {versions.history.pointer.name} names this version now; commit it to keep it.", markup=False)


def _pull_as_folder(versions: DataVersions, chosen: TableVersion, folder: Path, steps: Steps) -> None:
    """A renewal has made a folder of a table that is one file: it is brought beside the file."""
    if folder.exists():
        raise CommandFailed(f"{folder} is there already. Move it away, and run this again")
    with steps.step(f"Fetch {folder.name}, version {chosen.version[:SHORT]}") as step:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".pull-") as temporary:
            versions.bring(chosen, Path(temporary, folder.name), step.progress)
            Path(temporary, folder.name).rename(folder)
    console.print(
        f"  It is a folder, with captured rows beside the table's file. To train on it, set path in [data] of "
        f"model.toml to {folder.name} in the folder of the file. Keep it in Git with: evergreen data add {folder}",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def collect(
    settings_file: SettingsFile = Path("model.toml"), environment: EnvironmentName = "dev", local: Local = False
) -> None:
    """Bring captured predictions whose truth came in by /feedback into the table, as rows to train on.

    They are Parquet files in the table's folder `captured`, one for each month. Running it again adds what is new.
    """
    settings, table = read_settings(settings_file), _table(settings_file)
    with Steps().step(f"Collect labelled predictions into {settings.data.path}") as step:
        found = collect_labelled(Target.choose(environment, local=local), settings, table, step.progress)
        step.result = f"{number(found.new)} new, {number(found.changed)} with another label than before"
    for note in found.notes:
        console.print(f"  Note: {note}", markup=False, soft_wrap=True)
    if not found.rows:
        raise CommandFailed("no captured prediction has a label that counts; send them with: evergreen feedback")
    console.print(
        f"  {settings.data.path} has {counted(found.rows, 'captured row')}. Train on them with: evergreen train. Keep "
        f"this version with: evergreen data add {settings.data.path}",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def push(
    settings_file: SettingsFile = Path("model.toml"), environment: EnvironmentName = "dev", local: Local = False
) -> None:
    """Push everything that DVC has here to the data bucket: tables, and the splits and model of `dvc repro`."""
    target = Target.choose(environment, local=local)
    repository = DvcRepository(Path.cwd(), target)
    with Steps().step("Push to the data bucket") as step:
        step.result = repository.push()
        if settings_file.is_file():
            _register(_table(settings_file), DataStorage(target))


def _register(table: Path, storage: DataStorage) -> None:
    """Complete the version that the table's .dvc file names: DVC knows no manifests."""
    version = TableHistory(table).declared()
    if version and storage.has(version):
        storage.register(version, table.name, news=True)


def _table(settings_file: Path) -> Path:
    return _absolute(settings_file.parent / read_settings(settings_file).data.path)


def _absolute(path: Path) -> Path:
    """The absolute path. Its last part is not resolved: DVC may have replaced a table by a link."""
    return path.parent.resolve() / path.name


def _written(git: Git, history: TableHistory) -> list[Path]:
    """The files that DVC wrote for Git: the .dvc file, and .gitignore if the committed one lacks the table."""
    ignore, line = history.table.with_name(".gitignore"), f"/{history.table.name}"
    if not ignore.is_file() or line not in ignore.read_text().splitlines():
        return [history.pointer]
    committed = git.has_commit("HEAD") and bool(git.files_at("HEAD", ignore))
    if committed and line in git.content("HEAD", git.name(ignore)).decode().splitlines():
        return [history.pointer]
    return [history.pointer, ignore]
