"""An embedded cloud with a small model that renews itself, once for these tests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cli.aws.endpoint import Endpoint
from cli.aws.inbox import Inbox
from cli.aws.renewals import Renewals
from cli.console import Steps
from cli.demo.telemetry import Captures
from cli.embedded import deployed_cloud
from evergreen import names
from evergreen.renewal.ledger import Ledger
from local.environments import UNKIND
from tests.end_to_end.clouds import Deployed, environment
from tests.end_to_end.workflow import Workflow

# Labels that a renewal needs here.
LABELS = 40
SETTINGS = """
name = "houses"
metric = "mae"
[data]
path = "houses.csv"
target = "price"
[split]
type = "random"
[estimator]
type = "ridge"
[quality]
minimum_labels = 40
[drift]
false_alarms_per_year = 12
[renewal]
enabled = true
windows = ["all", "half"]
refit = true
labels = 60
cool_down_hours = 0.0
runs_per_day = 40
runs_per_month = 40
on_new_data = true
"""


def houses(rows: int, price_of_a_room: float, *, seed: int) -> pd.DataFrame:
    """Rows of one world: what a room costs is all that differs."""
    generator = np.random.default_rng(seed)
    rooms = generator.integers(1, 10, rows)
    size = rooms * 20 + generator.normal(0, 4, rows)
    return pd.DataFrame(
        {"rooms": rooms, "size": size.round(1), "price": (rooms * price_of_a_room + generator.normal(0, 300, rows))}
    )


@dataclass
class Model:
    """The deployed model, as those who use it and look after it see it."""

    deployed: Deployed
    folder: Path
    inbox: Inbox

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(self.deployed.target)
        self.workflow = Workflow(self.deployed)
        self.workflow.machine = self.deployed.target.outputs[names.OUTPUT_RENEWAL_WORKFLOW]

    def live(self, rows: pd.DataFrame) -> list[str]:
        """Predict rows, tell their truth, and wait until all is captured; the ids of the predictions."""
        features = rows.drop(columns="price").to_dict("records")
        answers = self.endpoint.predict({"instances": features})["predictions"]
        ids = [answer["prediction_id"] for answer in answers]
        labels = [{"prediction_id": id_, "actual": price} for id_, price in zip(ids, rows["price"], strict=True)]
        self.endpoint.feedback({"labels": labels})
        captures = Captures(self.deployed.target)
        captures.await_records(names.PREDICTIONS_PREFIX, ids)
        captures.await_records(names.FEEDBACK_PREFIX, ids)
        return ids

    def renew(self, reason: str = "a test", **more: Any) -> dict[str, Any]:
        """What came of a renewal: its execution's output."""
        ended = self.workflow.run({"reason": reason, **more})
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    def ledger(self) -> Ledger:
        return Renewals(self.deployed.target).ledger()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """With a first champion. As unkind as AWS on a bad day."""
    folder = tmp_path_factory.mktemp("renewing")
    houses(400, 1000, seed=0).to_csv(folder / "houses.csv", index=False)
    (folder / "model.toml").write_text(SETTINGS)
    with environment({UNKIND: "1"}):
        deploying = deployed_cloud(folder / "cloud", Steps(), port=None, model_toml=folder / "model.toml")
        embedded, target = deploying.__enter__()
    try:
        deployed = Deployed(embedded, target)
        with environment(embedded.environment()):
            assert deployed.train(folder / "model.toml")["promote"]
            model = Model(deployed, folder, Inbox(target))
        yield model
    finally:
        deploying.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _as_a_client_of_the_cloud(model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(model.folder)
    with environment(model.deployed.embedded.environment()):
        yield
