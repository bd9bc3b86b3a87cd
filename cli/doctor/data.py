"""model.toml and its table, as Prepare would take them. Nothing is written."""

from collections.abc import Sequence
from pathlib import Path

from cli.findings import Finding, Status
from evergreen.errors import InvalidData, InvalidSettings
from evergreen.number_text import counted, number

DATA = "data"


def data(settings_file: Path) -> Sequence[Finding]:
    # Here, since pandas takes a second to import.
    from evergreen.settings.model_toml import read_settings
    from evergreen.versions import data_version
    from training.prepare import prepare
    from training.reading.table import read_version

    try:
        settings = read_settings(settings_file)
    except InvalidSettings as error:
        return [Finding(check=DATA, status=Status.FAILED, found=str(error), remedy=f"correct {settings_file}")]
    name = settings.data.path
    table = settings_file.parent / name
    if not table.exists():
        found = f"{name} does not exist; {settings_file.name} names it as [data] path"
        tracked = table.with_name(f"{table.name}.dvc").exists()
        remedy = "evergreen data pull" if tracked else f"put the table there, or correct [data] path in {settings_file}"
        return [Finding(check=DATA, status=Status.FAILED, found=found, remedy=remedy)]
    try:
        rows, source = read_version(data_version.of_path(table), settings)
        prepared = prepare(rows, settings, file=source)
    except (InvalidData, InvalidSettings) as error:
        remedy = f"correct the table or {settings_file}; evergreen init proposes settings for a table"
        return [Finding(check=DATA, status=Status.FAILED, found=str(error), remedy=remedy)]
    lost = f"; dropped: {prepared.lost}" if prepared.lost else ""
    found = (
        f"{name}: {counted(len(rows), 'row')}, {number(len(prepared.train))} to train on, "
        f"{number(len(prepared.holdout))} kept for judging{lost}"
    )
    return [
        Finding(check=DATA, status=Status.OK, found=found),
        *(Finding(check=DATA, status=Status.WARNING, found=each) for each in prepared.findings),
    ]
