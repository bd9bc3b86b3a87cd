"""What a user does, against the embedded cloud: train, predict, fail, and be told."""

import csv
import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.inbox import Inbox
from cli.aws.target import CHECKOUT, Target
from cli.console import Steps
from cli.demo.telemetry import metric_sums
from cli.training_progress import run_training
from evergreen import names, tracking
from evergreen.errors import CommandFailed
from tests.end_to_end.workflow import ROW

SETTINGS = (CHECKOUT / "model.toml").read_text()
NAME = "texas-house-prices"


@pytest.fixture(scope="module")
def inbox(cloud):
    return Inbox(cloud.target)


@pytest.fixture
def champion(trained):
    """Reads the champion pointer."""
    s3, bucket = trained.target.client("s3"), trained.target.outputs[names.OUTPUT_MODEL_BUCKET]
    return lambda: json.loads(s3.get_object(Bucket=bucket, Key=names.champion_key(NAME))["Body"].read())


def settings_with(folder: Path, rows: list[dict[str, str]]) -> Path:
    """A model.toml beside a table with these rows."""
    (folder / "data").mkdir()
    with (folder / "data" / "texas_2000_2006.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    file = folder / "model.toml"
    file.write_text(SETTINGS)
    return file


def texas() -> list[dict[str, str]]:
    with (CHECKOUT / "data" / "texas_2000_2006.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_endpoint_predicts_what_the_model_in_mlflow_predicts(trained, champion):
    answer = Endpoint(trained.target).predict({"features": ROW})

    version = mlflow.MlflowClient().get_model_version_by_alias(NAME, tracking.CHAMPION)
    assert version.tags[tracking.VERSION_TAG] == champion()["version"] == answer["model_version"]
    model = mlflow.pyfunc.load_model(f"models:/{NAME}@{tracking.CHAMPION}")
    # MLflow takes no whole numbers for a column of numbers.
    row = pd.DataFrame([{name: float(cell) if name != "city" else cell for name, cell in ROW.items()}])
    assert answer["prediction"] == model.predict(row)[0]


def test_requests_are_counted(trained):
    before = metric_sums(trained.target)
    endpoint = Endpoint(trained.target)

    endpoint.predict({"instances": [ROW, ROW]})
    with pytest.raises(RequestRefused):
        endpoint.predict({"features": {**ROW, "sales": "many"}})

    after = metric_sums(trained.target)
    grown = {name: after[name].total - before[name].total for name in after}
    assert grown[names.PREDICTIONS] == 2
    assert grown[names.REJECTED_REQUESTS] == 1
    assert grown[names.PREDICTION_ERRORS] == 0
    assert after[names.REJECTED_REQUESTS].count - before[names.REJECTED_REQUESTS].count == 2


def test_training_again_on_the_same_table_promotes_nothing(trained, champion):
    before = champion()

    decision = trained.train()

    assert not decision["promote"]
    assert "same model as the champion" in decision["reason"]
    assert champion() == before


def test_a_failed_job_is_told_with_its_state_and_its_own_words(trained, champion, inbox, tmp_path):
    rows = texas()
    rows[4]["sales"] = "many"
    before = champion()

    with pytest.raises(CommandFailed) as caught:
        trained.train(settings_with(tmp_path, rows))

    words = "texas_2000_2006.csv line 6: column 'sales' has 'many' where a number belongs"
    assert "failed at Prepare" in str(caught.value)
    assert words in str(caught.value)
    message = inbox.receive("failed at Prepare")
    assert message.subject == "Evergreen dev: training failed at Prepare"
    assert words in message.message
    assert "The champion is unchanged" in message.message
    assert champion() == before


def test_a_failed_training_leaves_no_bundle_and_its_own_words(trained, champion, inbox, tmp_path):
    s3, bucket = trained.target.client("s3"), trained.target.outputs[names.OUTPUT_MODEL_BUCKET]
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    settings_file = settings_with(tmp_path, texas())
    settings_file.write_text(SETTINGS.replace("max_iter = 200", "max_itr = 200"))
    before = champion()

    with pytest.raises(CommandFailed, match="failed at Train.*no 'max_itr'; did you mean max_iter"):
        trained.train(settings_file)

    assert "max_itr" in inbox.receive("failed at Train").message
    (left,) = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]} - keys
    assert left.startswith(names.FAILURES_PREFIX)
    assert "max_itr" in s3.get_object(Bucket=bucket, Key=left)["Body"].read().decode()
    assert champion() == before


@pytest.mark.usefixtures("trained")
def test_a_training_says_what_became_of_the_rows_and_what_looks_wrong_in_them(tmp_path, capsys):
    rows = [{**row, "state": "TX"} for row in texas()]
    rows[0]["city"] = f" {rows[0]['city']}"
    rows[1]["median"] = ""
    settings = settings_with(tmp_path, rows)
    settings.write_text(SETTINGS.replace("[promotion]", '[promotion]\ncontract_changes = "refuse"\n'))

    decision = run_training(Target.choose("dev", local=False), settings, Steps())

    said = " ".join(capsys.readouterr().out.split())
    assert "training rows, " in said
    assert f"; left out: {sum(not row['median'] for row in rows)} without target" in said
    assert "warning: blanks around texts were taken away, as those of requests are: city (1)" in said
    assert "warning: the column 'state' has one value in all training rows" in said
    assert "contract: the feature 'state' is new: requests without it would be refused" in said
    assert not decision["promote"]
