"""model.toml and its table, as Prepare would take them. Nothing is written."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.findings import Finding, Status
from evergreen.errors import InvalidData, InvalidFeatures, InvalidSettings
from evergreen.number_text import counted, number

if TYPE_CHECKING:
    from evergreen.settings.sections import ModelSettings

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
        if settings.features.service:
            return [Finding(check=DATA, status=Status.OK, found=_columns(table, settings))]
        rows, source = read_version(data_version.of_path(table), settings)
        prepared = prepare(rows, settings, file=source)
    except InvalidFeatures as error:
        return [Finding(check=DATA, status=Status.FAILED, found=str(error), remedy="evergreen features apply")]
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


def _columns(table: Path, settings: "ModelSettings") -> str:
    """What there is to say of a table whose rows get stored features, which are in the data bucket.

    Raises:
        InvalidData: a column is missing, or stands twice.
        InvalidFeatures: the definitions are not described as they are.
    """
    from cli.training_run import present_table

    present_table(table, settings)
    return (
        f"{settings.data.path}: its columns go with the features of {settings.features.service}; its rows are looked "
        "at when they are joined, in the Prepare job"
    )
