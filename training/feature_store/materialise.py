"""Writes what is new in the history of a service's views to the online store, by Feast.

python -O -m training.feature_store.materialise --service NAME --project NAME --state FILE --registry FILE --result FILE
"""

import argparse
import contextlib
import io
import json
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from feast import FeatureStore

from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.feature_store.views import FeatureService, Source
from training.feature_store import definitions, online_writes, program, registry, sources, state
from training.feature_store.definitions import Definitions
from training.feature_store.description import describe
from training.feature_store.due import Due, History
from training.feature_store.state import Written
from training.feature_store.store import objects_of, open_store

# Rows that Feast has in memory at a time: it reads a part, and of that converts a batch.
PART, BATCH = 100_000, 5_000


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one view.

    Attributes:
        rows: written, the newest of each key.
        refused: not written, since the table had a newer value.
        ahead: not written yet, since their moment lies ahead.
        whole: everything that is known was due: a first run, or a changed view.
        lag_seconds: from the newest event of the history until now; None without one.
        seconds: that it took.
    """

    rows: int
    refused: int
    ahead: int
    whole: bool
    lag_seconds: float | None
    seconds: float


def materialise(
    defined: Definitions,
    service: FeatureService,
    *,
    project: str,
    data: Path,
    state_file: Path,
    registry_file: Path,
    now: datetime,
) -> dict[str, Outcome]:
    """Write the new rows of each view of a service; with nothing new, DynamoDB is not asked.

    The state has a view once all of it is written, so that a run that was cut off is repeated.

    Args:
        data: the folder of the sources.
        registry_file: gets the definitions, and a file with Feast's version beside it.

    Raises:
        InvalidFeatures: a view's files are unfit, or its table is missing; or the registry is of a newer Feast.
        CommandFailed: DynamoDB refused or failed.
    """
    data, state_file, registry_file = data.resolve(), state_file.resolve(), registry_file.resolve()
    sources.check(service, data)
    seen = state.read(state_file)
    with sources.working_directory(data) as folder:
        copy = folder / "registry.db"
        applied = registry.take_over(registry_file, copy) and seen.applied == service.digest
        histories = {view.name: History(view, service.sources[view.name], data) for view in service.views}
        digests = {name: state.digest_of(service, name, names.online_table(project, name)) for name in histories}
        dues = {
            name: history.due(_same(seen.views.get(name), digests[name]), now) for name, history in histories.items()
        }
        store = None
        if not applied or any(due.rows for due in dues.values()):
            store = open_store(
                project=project,
                registry=copy,
                key_version=service.key_version,
                online=online_writes.settings(),
                batch=BATCH,
            )
            registry.apply(store, objects_of(defined, service))
        outcomes = {}
        for name, due in dues.items():
            outcomes[name] = _write(
                name, due, histories[name], folder / "due" / name, service.sources[name], store, now
            )
            seen = seen.with_view(name, _written(due, digests[name], now))
            state.write(seen, state_file)
        if store:
            registry.put_back(copy, registry_file)
    state.write(replace(seen, applied=service.digest), state_file)
    return outcomes


def _same(written: Written | None, digest: str) -> Written | None:
    """What was written of a view, if it is still the same view."""
    return written if written and written.digest == digest else None


def _write(
    name: str, due: Due, history: History, staged: Path, source: Source, store: FeatureStore | None, now: datetime
) -> Outcome:
    """Have Feast write the due rows, a part of the keys at a time, from files that hold no others."""
    started = time.monotonic()
    before = _tally(store)
    if store and due.rows:
        staged.mkdir(parents=True)
        parts = -(-due.rows // PART)
        with sources.working_directory(staged):
            for part in range(parts):
                if history.stage(due, Path(source.folder) / "due.parquet", part=part, parts=parts):
                    _materialise(store, name, due)
                print(f"{name}: {part + 1} of {parts} parts of {due.rows:,} rows are written", flush=True)
    written, refused = (after - earlier for after, earlier in zip(_tally(store), before, strict=True))
    return Outcome(
        rows=written,
        refused=refused,
        ahead=due.ahead,
        whole=due.whole,
        lag_seconds=(now - due.newest_event).total_seconds() if due.newest_event else None,
        seconds=round(time.monotonic() - started, 3),
    )


def _materialise(store: FeatureStore, view: str, due: Due) -> None:
    """
    Raises:
        CommandFailed: DynamoDB refused or failed.
    """
    try:
        # What Feast prints has colours in it, and no numbers.
        with contextlib.redirect_stdout(io.StringIO()):
            store.materialize(due.first, due.last, [view])
    except (ClientError, BotoCoreError) as error:
        raise CommandFailed(
            f"view {view!r} is not wholly written: {error}. What was online before is still there; run it again"
        ) from error


def _tally(store: FeatureStore | None) -> tuple[int, int]:
    if store is None:
        return 0, 0
    writer = store._get_provider().online_store
    return writer.written, writer.refused


def _written(due: Due, digest: str, now: datetime) -> Written:
    return Written(
        digest=digest,
        created=due.newest_created.isoformat() if due.newest_created else "",
        until=due.limit.isoformat(),
        rows=due.known,
        days=due.days,
        at=now.isoformat(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.feature_store.materialise")
    parser.add_argument("--definitions", type=Path, default=Path("features"), help="their folder")
    parser.add_argument("--data", type=Path, help="the folder of the sources; without it, that of the definitions")
    parser.add_argument("--service", required=True, help="the name of the feature service")
    parser.add_argument("--project", required=True, help="of the online tables: evergreen.names.feature_project")
    parser.add_argument("--state", type=Path, required=True, help="how far earlier runs came; made if it is missing")
    parser.add_argument("--registry", type=Path, required=True, help="Feast's registry; made if it is missing")
    parser.add_argument("--result", type=Path, required=True, help="JSON: what was written, and how old the newest is")
    given = parser.parse_args()
    now = datetime.now(UTC)
    defined = definitions.read(given.definitions)
    outcomes = materialise(
        defined,
        describe(defined, given.service),
        project=given.project,
        data=given.data or given.definitions / sources.DATA,
        state_file=given.state,
        registry_file=given.registry,
        now=now,
    )
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome.rows:,} rows written, {outcome.refused:,} older ones refused, {outcome.ahead:,} ahead")
    result = {"at": now.isoformat(), "views": {name: asdict(outcome) for name, outcome in outcomes.items()}}
    with program.whole(given.result) as file:
        file.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    program.run(main)
