"""An embedded cloud with the demo's feature store, once for these tests."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from cli.aws.endpoint import Endpoint
from cli.aws.target import CHECKOUT
from cli.console import Steps
from cli.demo.city_market import history
from cli.embedded import deployed_cloud
from cli.main import app
from evergreen.errors import CommandFailed
from local.environments import UNKIND
from tests.end_to_end.clouds import Deployed, environment

TABLE = CHECKOUT / "data" / "texas_prices_2000_2006.csv"
# Of the demo's model, which does not renew itself.
RENEWAL = """
minimum_labels = 40

[renewal]
enabled = true
windows = ["all", "half"]
labels = 60
cool_down_hours = 0.0
runs_per_day = 40
runs_per_month = 40
on_new_data = true
"""
FEAST = CHECKOUT / ".venv-features" / "bin" / "python"


@dataclass
class Store:
    """The deployed stack, as those who use it see it.

    Attributes:
        folder: of the model's settings, with its table beside them.
        history: what was pushed before the training, by city and month.
    """

    deployed: Deployed
    folder: Path
    history: pd.DataFrame

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(self.deployed.target)
        self.settings = self.folder / "model.toml"

    def run(self, *arguments: str) -> Result:
        """An `evergreen features` command."""
        return CliRunner().invoke(app, ["features", *arguments, "--settings", str(self.settings)])

    def newest(self, city: str) -> dict[str, object]:
        """A city's features of the newest month."""
        rows = self.history[self.history["city"] == city].drop(columns=["event_timestamp", "created"])
        return json.loads(rows.tail(1).to_json(orient="records", double_precision=15))[0]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """With a champion, and nothing online yet. As unkind as AWS on a bad day."""
    if not FEAST.exists():
        pytest.fail("Feast has an environment of its own, which is missing; run: make .venv-features/.ready")
    folder = tmp_path_factory.mktemp("feature_store")
    shutil.copyfile(TABLE, folder / TABLE.name)
    of_the_demo = (CHECKOUT / "features" / "model.toml").read_text()
    assert of_the_demo.rindex("[quality]") > of_the_demo.rindex("[drift]")
    (folder / "model.toml").write_text(of_the_demo.replace("../data/", "") + RENEWAL)
    with environment({UNKIND: "1"}):
        deploying = deployed_cloud(folder / "cloud", Steps(), port=None, model_toml=folder / "model.toml")
        embedded, target = deploying.__enter__()
    try:
        past = history(pd.read_csv(CHECKOUT / "data" / "texas_2000_2006.csv"))
        past.to_parquet(folder / "past.parquet", index=False)
        with environment(embedded.environment()), pytest.MonkeyPatch.context() as patch:
            patch.chdir(CHECKOUT)
            store = Store(Deployed(embedded, target), folder, past)
            with pytest.raises(CommandFailed, match="no history of city_market.*evergreen features push FILE"):
                store.deployed.train(store.settings)
            pushed = store.run("push", str(folder / "past.parquet"))
            assert pushed.exit_code == 0, pushed.output
            assert store.deployed.train(store.settings)["promote"]
        yield store
    finally:
        deploying.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _as_a_client_of_the_cloud(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(CHECKOUT)
    with environment(store.deployed.embedded.environment()):
        yield
