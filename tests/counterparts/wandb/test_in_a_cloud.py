"""The training job of a stack in the embedded cloud reads the key from its secret, and mirrors its run."""

import shutil

import mlflow
import pytest

from cli.aws.target import CHECKOUT
from cli.console import Steps
from cli.embedded import deployed_cloud
from evergreen import tracking
from tests.end_to_end.clouds import Deployed, environment
from tests.end_to_end.workflow import TABLE


@pytest.fixture
def deployed(server, tmp_path):
    """A stack that mirrors to the server, without the secret, and its model.toml."""
    address, _ = server
    shutil.copyfile(TABLE, tmp_path / TABLE.name)
    text = (CHECKOUT / "model.toml").read_text().replace(f"data/{TABLE.name}", TABLE.name)
    text = text.replace("max_iter = 200", "max_iter = 20")
    file = tmp_path / "model.toml"
    file.write_text(f'{text}\n[tracking]\nwandb = "default/houses"\nwandb_url = "{address}"\n')
    with (
        environment({}),
        deployed_cloud(tmp_path / "cloud", Steps(), port=None, model_toml=file) as (embedded, target),
    ):
        yield Deployed(embedded, target), file


def test_a_job_mirrors_its_run_once_the_secret_is_there(server, deployed):
    address, folder = server
    cloud, settings = deployed
    client = mlflow.MlflowClient(cloud.embedded.tracking_uri)

    def newest():
        """The MLflow run of the training that came last."""
        (experiment,) = [each for each in client.search_experiments() if each.name == cloud.target.outputs["ModelName"]]
        return client.search_runs([experiment.experiment_id], max_results=1)[0]

    assert cloud.train(settings)["promote"], "a mirror that fails, fails no training"
    without = newest()
    assert "cannot be read from the secret wandb" in without.data.tags[tracking.WANDB_TAG]

    cloud.target.client("secretsmanager").create_secret(Name="wandb", SecretString="local" + 40 * "0")
    cloud.train(settings)

    run = newest()
    assert run.info.run_id != without.info.run_id
    assert run.data.tags[tracking.WANDB_TAG] == f"{address}/default/houses/runs/{run.info.run_id}"
    assert list((folder / "files").rglob(run.info.run_id))
