"""evergreen features: the feature store. Feast defines it; its online store answers predictions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import PlainTable, Steps, console
from cli.execution import execute, shown_in
from cli.feature_store.definitions import FOLDER, describe, described, install_feast
from cli.feature_store.skew import skew_table, skew_words
from evergreen.errors import CommandFailed
from evergreen.feature_store.described import DESCRIPTION
from evergreen.feature_store.views import FeatureService, View
from evergreen.number_text import counted, number
from evergreen.settings.model_toml import read_settings

app = typer.Typer(
    help="The feature store: apply, list, get, push, materialize and check.",
    no_args_is_help=True,
    add_completion=False,
)

SettingsFile = Annotated[Path, typer.Option("--settings", help="The model's settings.")]
ViewName = Annotated[str | None, typer.Option("--view", help="The feature view; needed where there are several.")]


@app.command()
def apply(settings_file: SettingsFile = Path("model.toml")) -> None:
    """Have Feast read the definitions in features/, and write down what a deployment needs to know of them."""
    settings = read_settings(settings_file)
    steps = Steps()
    with steps.step("Install Feast, if it is missing (once; about 650 MB)"):
        install_feast()
    with steps.step("Read the definitions"):
        service = describe(settings)
    for view in service.views:
        console.print(f"  {view.name}: {_keys(view)} gives {_features(view)}", markup=False, soft_wrap=True)
    console.print(f"  Written to {FOLDER.name}/{DESCRIPTION}. It takes effect with: cdk deploy", markup=False)


@app.command("list")
def list_views(
    settings_file: SettingsFile = Path("model.toml"), environment: EnvironmentName = "dev", local: Local = False
) -> None:
    """List the feature views: what each gives, its history, and what is online of it."""
    from cli.feature_store.online import FeatureStore

    service = described(read_settings(settings_file))
    store = FeatureStore(Target.choose(environment, local=local), service)
    last = store.last_run()
    table = PlainTable("View", "Key", "Features", "History", "Online")
    for view in service.views:
        files = store.histories(service.sources[view.name])
        table.add_row(
            view.name,
            _keys(view),
            _features(view),
            f"{counted(len(files), 'file')}, {number(sum(each['Size'] for each in files))} bytes",
            _online(last, view.name),
        )
    console.print(table)


@app.command()
def get(
    key: Annotated[list[str], typer.Argument(help="The entity: name=value of each join key.")],
    view_name: ViewName = None,
    settings_file: SettingsFile = Path("model.toml"),
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Show what is online of an entity: what a prediction would get."""
    from cli.feature_store.online import FeatureStore, key_of

    service = described(read_settings(settings_file))
    store = FeatureStore(Target.choose(environment, local=local), service)
    now, found = datetime.now(UTC), False
    for view in [_view(service, view_name)] if view_name else service.views:
        row = store.get(view, key_of(view.keys, key))
        if row is None:
            console.print(f"  {view.name}: nothing is online of {' '.join(key)}", markup=False)
            continue
        found = True
        stale = "   older than the view allows" if view.is_stale(row.event_time, now) else ""
        console.print(f"  {view.name}, of {row.event_time:%Y-%m-%d %H:%M:%S} UTC{stale}", markup=False)
        table = PlainTable("Feature", "Value")
        for name, value in row.values.items():
            table.add_row(name, "missing" if value is None else str(value))
        console.print(table)
    if not found:
        raise typer.Exit(1)


@app.command()
def push(
    file: Annotated[Path, typer.Argument(help="Parquet or CSV: join keys, features and the moment of each event.")],
    view_name: ViewName = None,
    settings_file: SettingsFile = Path("model.toml"),
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Add values to a view's history, and write the newest of each entity online, unless a newer one is there."""
    from cli.feature_store.pushing import push_file

    service = described(read_settings(settings_file))
    push_file(Target.choose(environment, local=local), service, _view(service, view_name), file, Steps())


@app.command()
def materialize(
    settings_file: SettingsFile = Path("model.toml"), environment: EnvironmentName = "dev", local: Local = False
) -> None:
    """Write what is new in the histories to the online store now, as the schedule does."""
    service = described(read_settings(settings_file))
    last = _run(service, Target.choose(environment, local=local))
    for name, found in last["views"].items():
        older = f"; of {number(found['refused'])} a newer value is there" if found["refused"] else ""
        ahead = f"; {counted(found['ahead'], 'event')} ahead of now wait" if found["ahead"] else ""
        console.print(
            f"  {name}: {counted(found['rows'], 'row')} written{older}{ahead}; {_online(last, name)}",
            markup=False,
            soft_wrap=True,
        )
    console.print(f"  {skew_words(last['skew'])}", markup=False, soft_wrap=True)


@app.command()
def check(
    settings_file: SettingsFile = Path("model.toml"), environment: EnvironmentName = "dev", local: Local = False
) -> None:
    """Compare what predictions since the last run got online with the history; the exit code is 1 if values differ.

    What is new in the history is written first, as by materialize.
    """
    service = described(read_settings(settings_file))
    skew = _run(service, Target.choose(environment, local=local))["skew"]
    console.print(f"  {skew_words(skew)}", markup=False, soft_wrap=True)
    if skew["named"]:
        console.print(skew_table(skew["named"]))
    if skew["differences"]:
        raise typer.Exit(1)


def _run(service: FeatureService, target: Target) -> dict[str, Any]:
    """Run the workflow; returns what it has found.

    Raises:
        CommandFailed: a view has no history.
    """
    from cli.feature_store.online import FeatureStore

    store = FeatureStore(target, service)
    store.require_histories()
    with Steps().step("Write what is new online") as step:
        execute(target, store.workflow, {}, shown_in(step, set()), what="materialisation")
    return store.last_run()


def _view(service: FeatureService, name: str | None) -> View:
    known = {view.name: view for view in service.views}
    if name is None and len(known) == 1:
        return service.views[0]
    if name not in known:
        raise CommandFailed(f"--view must be one of {', '.join(known)}" + (f", got {name!r}" if name else ""))
    return known[name]


def _online(last: dict[str, Any], view: str) -> str:
    """When a view was last written online, and from when its newest event is."""
    found = last.get("views", {}).get(view)
    if not found:
        return "never written"
    at = datetime.fromisoformat(last["at"])
    if found["lag_seconds"] is None:
        return f"as of {at:%Y-%m-%d %H:%M} UTC, without an event"
    newest = at - timedelta(seconds=found["lag_seconds"])
    return f"as of {at:%Y-%m-%d %H:%M} UTC, newest event {newest:%Y-%m-%d %H:%M} UTC"


def _keys(view: View) -> str:
    return ", ".join(f"{key.name} ({key.type})" for key in view.keys)


def _features(view: View) -> str:
    return ", ".join(feature.name for feature in view.features)
