"""The first job of a renewal: makes a new version of the data from what was captured, and the challengers' rows.

The SageMaker job runs it without arguments.
"""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evergreen import names
from evergreen.captures.labels import Labels
from evergreen.captures.records import Faults, read_sound_records
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidData
from evergreen.number_text import counted, number, percent
from evergreen.quoting import line
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import ModelSettings, RenewalSettings
from evergreen.versions.data_version import DataVersion, of_channel, version_of_manifest
from training import job, prepare
from training.collecting.labelled_rows import LabelledRows
from training.collecting.obstacles import obstacles
from training.preparing.cleaning import clean
from training.reading.table import read_version
from training.renewing.growth import Growth, grow, store
from training.renewing.lost_signal import MOST_ROWS, TIMES, lost_signal
from training.renewing.windows import Windows, judged_on
from training.train import fit


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a renewal has to go on.

    Attributes:
        data: the new version of the data.
        rows: labelled predictions that no version had before, and that challengers are judged on.
        until: the greatest id among them.
        windows: the number of training rows by window; none if the renewal is refused.
        refused: why there can be no renewal; empty if there can.
        notes: what was left out of the captures, and what could not be read.
    """

    data: str
    rows: int
    until: str
    windows: dict[str, int]
    refused: str
    notes: tuple[str, ...]


def run(
    version: DataVersion,
    captured: LabelledRows,
    settings: ModelSettings,
    folder: Path,
    *,
    bucket: str,
) -> Plan:
    """Write the challengers' rows, the new version's objects and the plan into `prepared`, `objects`, `manifests` of
    the folder. A renewal that is refused leaves the plan alone.

    Args:
        captured: all labelled predictions, with the champion's contract.
        bucket: the data bucket, for the manifest.

    Raises:
        InvalidData: the table cannot be trained on.
    """
    prepared = folder / names.CHANNEL_PREPARED
    prepared.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as grown:
        plan = _plan(version, captured, settings, folder, Path(grown), bucket=bucket)
    notes = (*plan.notes, *captured.notes(), *(f"unreadable: {words}" for words in captured.faults.described))
    plan = replace(plan, notes=notes)
    (prepared / names.PLAN).write_text(json.dumps(asdict(plan), indent=1))
    return plan


def _plan(
    version: DataVersion,
    captured: LabelledRows,
    settings: ModelSettings,
    folder: Path,
    grown: Path,
    *,
    bucket: str,
) -> Plan:
    contract = captured.contract
    if faults := list(obstacles(settings, contract)):
        return _refused(version, f"captured rows cannot be rows of the table: {'; '.join(faults)}")
    growth = grow(version, captured.rows, contract, grown)
    if why := _one_sided(captured, growth, settings):
        return _refused(version, why)
    if len(growth.new) < settings.quality.minimum_labels:
        return _refused(version, _too_few(len(growth.new), settings))
    table, source = read_version(growth.version, settings, prepare.stored_features(settings))
    cleaned = clean(table, settings, source=source)
    period = judged_on(cleaned, growth.new)
    if len(period) < settings.quality.minimum_labels:
        return _refused(version, _too_few(len(growth.new), settings, unlike=len(period)))
    windows = Windows(cleaned, period, growth.new, contract, settings)
    if why := _mixed_up(windows, settings):
        return _refused(version, why)
    sizes, without = {}, []
    for window in windows.names:
        try:
            found = windows.prepare(window)
            refit = windows.prepare_refit(window) if settings.renewal.refit else None
        except InvalidData as error:
            without.append(f"no model is fitted to the window {window!r}: {error}")
            continue
        target = folder / names.CHANNEL_PREPARED / window
        summary = prepare.summarise(found, settings, growth.version, previous=contract)
        prepare.write(found, target, settings=settings, summary=summary)
        if refit:
            prepare.write_refit(refit, target)
        sizes[window] = len(found.train)
    if not sizes:
        return _refused(version, "; ".join(without))
    store(
        growth.version,
        objects=folder / names.CHANNEL_OBJECTS,
        manifests=folder / names.CHANNEL_MANIFESTS,
        known=version.files,
        bucket=bucket,
    )
    return Plan(
        data=growth.version.version,
        rows=len(period),
        until=max(growth.new),
        windows=sizes,
        refused="",
        notes=tuple(without),
    )


def _one_sided(captured: LabelledRows, growth: Growth, settings: ModelSettings) -> str:
    """Why the labels are one caller's, where several have told some; empty if they are not, or he is known for it."""
    told = Counter(captured.told_by[id_] for id_ in growth.new)
    if settings.quality.labels_from or len(told) < 2:
        return ""
    [(caller, most)] = told.most_common(1)
    share = most / told.total()
    if share <= settings.renewal.most_from_one:
        return ""
    return (
        f"{percent(share)} of {counted(told.total(), 'new label')} come from one of {number(len(told))} callers, "
        f"{line(caller) or 'unknown'}: whoever tells so many decides what is true. Name whose labels count in "
        "[quality] labels_from of model.toml, and train once with it, or raise [renewal] most_from_one"
    )


def _mixed_up(windows: Windows, settings: ModelSettings) -> str:
    """Why the newest labels cannot be those of their rows; empty if they can, or if nobody can tell."""
    try:
        before, now, contract = windows.newest(MOST_ROWS, times=TIMES)
    except InvalidData:
        return ""
    share = lost_signal(before, now, contract, settings, fit)
    if share <= settings.renewal.most_lost:
        return ""
    return (
        f"the features tell {percent(share)} less of the newest labels than of as many rows before, and no model can "
        "learn from such labels: they look mixed up. Send the right ones to POST /feedback, the latest counts; or take "
        "them out with: evergreen forget. If the world is like that now, raise [renewal] most_lost, which is "
        f"{number(settings.renewal.most_lost)}"
    )


def _too_few(rows: int, settings: ModelSettings, *, unlike: int | None = None) -> str:
    """
    Args:
        unlike: how many of them are no rows that the table has already, feature by feature and in the label.
    """
    equal = "" if unlike is None else f" (of which {number(rows - unlike)} equal rows of the data so far)"
    return (
        f"{counted(rows, 'prediction')} with a label since the last renewal{equal}, and [quality] minimum_labels is "
        f"{number(settings.quality.minimum_labels)}: send what really happened to POST /feedback, or with: "
        "evergreen feedback"
    )


def _refused(version: DataVersion, why: str) -> Plan:
    return Plan(data=version.version, rows=0, until="", windows={}, refused=why, notes=())


def main() -> None:
    """The SageMaker processing job."""
    base = job.base_folder() / "processing"
    given = base / "input"
    settings = read_settings(job.single_file(given / names.CHANNEL_SETTINGS))
    settings.require_name(os.environ.get(names.MODEL_NAME, settings.name))
    # The champion's own model.toml may be older than what is deployed of it.
    settings = replace(settings, renewal=RenewalSettings(**json.loads(os.environ[names.RENEWAL])))
    manifest = os.environ[names.DATA_MANIFEST]
    named = version_of_manifest(manifest)
    if named is None:
        raise InvalidData(f"{manifest!r} is not a manifest of a data version")
    version = of_channel(given / names.CHANNEL_DATA, settings.data.path, named)
    contract = Contract.from_json(job.single_file(given / names.CHANNEL_PREVIOUS).read_bytes())
    plan = run(
        version,
        _captured(given, settings, contract),
        settings,
        base / "output",
        bucket=manifest.removeprefix("s3://").partition("/")[0],
    )
    for note in plan.notes:
        print(f"Note: {note}")
    print(json.dumps(asdict(plan)))


def _captured(given: Path, settings: ModelSettings, contract: Contract) -> LabelledRows:
    faults, labels = Faults(), Labels(settings.quality.labels_from)
    labels.read(_records(given / names.CHANNEL_FEEDBACK, faults), faults)
    captured = LabelledRows(contract, labels, faults)
    captured.add(_records(given / names.CHANNEL_PREDICTIONS, faults))
    return captured


def _records(folder: Path, faults: Faults) -> Iterator[tuple[dict[str, Any], str]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield from ((record, name) for record in read_sound_records(path.read_bytes(), name, faults))


if __name__ == "__main__":
    job.run(main, "message")
