"""evergreen versions and evergreen rollback: what they list, and what they move."""

import re
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest

from cli.aws.cards import Cards
from cli.aws.checks import Checks
from cli.aws.endpoint import Endpoint
from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT
from cli.console import Steps
from cli.verbs import rollback
from cli.verbs.reproduce import reproduce
from cli.verbs.versions import show_versions
from evergreen import names, tracking
from evergreen.errors import CommandFailed
from tests.end_to_end.workflow import physical_names, start_cold

NAME = "texas-house-prices"


@pytest.fixture(scope="module")
def registry(trained):
    return Registry(trained.target)


@pytest.fixture(scope="module")
def refused(trained, registry, tmp_path_factory) -> str:
    """A version that was judged worse than the champion."""
    folder: Path = tmp_path_factory.mktemp("worse")
    (folder / "data").symlink_to(CHECKOUT / "data")
    text = (CHECKOUT / "model.toml").read_text()
    (folder / "model.toml").write_text(text.replace("max_iter = 200", "max_iter = 20"))
    decision = trained.train(folder / "model.toml")
    assert not decision["promote"]
    assert registry.champions().present.version != decision["version"]
    return decision["version"]


def alias(trained, name: str) -> str:
    """The version that an MLflow alias names."""
    client = mlflow.MlflowClient(trained.embedded.tracking_uri)
    return client.get_model_version_by_alias(NAME, name).tags[tracking.VERSION_TAG]


def test_versions_are_listed_newest_first_with_the_reason_of_each(registry, refused):
    versions = registry.versions()

    assert versions[0].version == refused
    assert "no better than" in versions[0].decision["reason"]
    assert re.fullmatch(r"mape \d\.\d+%", versions[0].metric)
    assert any("first champion" in version.decision["reason"] for version in versions)


def test_a_version_that_is_not_there_is_refused(registry):
    with pytest.raises(CommandFailed, match="evergreen versions"):
        rollback.choose(registry, "20200101-000000-0000")


def test_a_rollback_moves_the_pointer_and_the_aliases_and_the_next_one_moves_them_back(trained, registry, refused):
    champion = registry.champions().present.version

    registry.promote(rollback.choose(registry, refused))
    assert registry.champions().present.version == refused
    assert (alias(trained, tracking.CHAMPION), alias(trained, tracking.PREVIOUS)) == (refused, champion)
    # As after a promotion that failed half-way: the one who is champion already is put right, and nothing moves.
    registry.promote(rollback.choose(registry, refused))
    assert (alias(trained, tracking.CHAMPION), alias(trained, tracking.PREVIOUS)) == (refused, champion)

    registry.promote(rollback.choose(registry, None))
    assert registry.champions().present.version == champion
    assert (alias(trained, tracking.CHAMPION), alias(trained, tracking.PREVIOUS)) == (champion, refused)


def test_a_version_trained_again_from_its_lineage_is_the_same_model(registry, capsys):
    version = registry.champions().present.version

    reproduce(version, environment="dev", local=False)

    assert f"The same model: {version} has the digest" in capsys.readouterr().out


def test_the_card_of_a_refused_version_says_why(trained, refused, tmp_path):
    cards = Cards(trained.target)

    card, *plots = cards.write_card(cards.find(refused), tmp_path / "card.md")

    text = card.read_text()
    assert "no better than" in text
    assert plots
    assert all(f"({plot.name})" in text for plot in plots)


def test_the_decision_about_a_version_is_on_its_run(trained, refused):
    client = mlflow.MlflowClient(trained.embedded.tracking_uri)
    (run,) = client.search_runs(
        [client.get_experiment_by_name(NAME).experiment_id], f"tags.`{tracking.VERSION_TAG}` = '{refused}'"
    )

    assert run.data.tags[tracking.DECISION_TAG] == tracking.REFUSED
    assert "no better than" in run.data.tags[tracking.REASON_TAG]
    documents = {file.path for file in client.list_artifacts(run.info.run_id, "documents")}
    assert {"documents/decision.json", "documents/model_card.html", "documents/data_sheet.html"} <= documents


@pytest.fixture
def broken_pointer(trained):
    """A champion pointer that is cut off, as by a hand that edited it."""
    s3, bucket = trained.target.client("s3"), trained.target.outputs[names.OUTPUT_MODEL_BUCKET]
    s3.put_object(Bucket=bucket, Key=names.champion_key(NAME), Body=b'{"version": "x", "bundle"')


@pytest.mark.usefixtures("broken_pointer")
def test_a_pointer_that_cannot_be_read_stops_no_command_and_is_replaced_as_the_message_says(trained, registry, capsys):
    assert registry.champions().is_unreadable
    before = registry.champions().readable[0].version

    show_versions(registry)
    said = " ".join(capsys.readouterr().out.split())
    assert before in said
    assert "The champion pointer cannot be read" in said
    assert "evergreen rollback" in said
    with pytest.raises(CommandFailed, match="cannot be read. Replace it with: evergreen rollback"):
        Cards(trained.target).find(None)
    assert "cannot be read" in Checks(trained.target).run(start=datetime.now(UTC), end=datetime.now(UTC))["reason"]

    rollback.roll_back(trained.target, None, Steps())

    assert registry.champions().present.version == before
    assert Endpoint(trained.target).model()["version"] == before
    # The broken one is part of the history now, and disturbs nobody.
    assert rollback.choose(registry, None).version != before


@pytest.mark.usefixtures("broken_pointer")
def test_a_training_replaces_a_pointer_that_cannot_be_read(trained, registry):
    decision = trained.train()

    assert decision["promote"]
    assert registry.champions().present.version == decision["version"]
    # A new process serves it at once: other tests need not wait for the look of the old one.
    functions = trained.target.client("lambda")
    name = physical_names(trained, ("AWS::Lambda::Function",))["Prediction/Predict/Function"]
    start_cold(functions, name)
    assert Endpoint(trained.target).model()["version"] == decision["version"]
