"""Brings a file of feature values to a deployed stack: to the history of its view, and the newest of it online."""

from datetime import UTC, datetime
from pathlib import Path

from cli.aws.target import Target
from cli.console import Steps
from cli.feature_store import pushed_file
from cli.feature_store.online import FeatureStore
from evergreen.feature_store.views import FeatureService, View
from evergreen.number_text import counted, number


def push_file(target: Target, service: FeatureService, view: View, file: Path, steps: Steps) -> None:
    """
    Raises:
        InvalidFeatures: the file does not fit the view; nothing is sent.
        CommandFailed: the stack has no feature store.
    """
    rows = pushed_file.read(file, view, service.sources[view.name], now=datetime.now(UTC))
    store = FeatureStore(target, service)
    # The history first: what is only online would be gone with its table.
    with steps.step(f"Add {counted(len(rows.table), 'row')} to the history of {view.name}"):
        store.add_to_history(rows)
    with steps.step("Write the newest of each entity online") as step:
        written = older = 0
        for is_written in store.write_online(rows):
            written, older = written + is_written, older + (not is_written)
            step.progress(f"{number(written + older)} entities")
        step.result = f"{number(written)} written" + (f"; of {number(older)} a newer value is there" if older else "")
