"""A model renews itself when the world changes, goes back when it comes back, and says what it did.

The tests are one story: each goes on where the one before has ended.
"""

import html
import json
import shutil
from datetime import UTC, datetime

import mlflow
import pytest

from cli.aws.cards import Cards
from cli.aws.registry import Registry
from cli.main import app
from evergreen import names, tracking
from evergreen.errors import CommandFailed
from evergreen.renewal.ledger import KEPT, PROMOTED
from evergreen.renewal.rule import HALF
from evergreen.versions.data_version import of_path
from tests.end_to_end.clouds import environment, person
from tests.end_to_end.renewing.conftest import LABELS, houses

FIRST, SECOND = 1000, 2000
# Labels of a period: with a third of them, what a score can tell is not always enough for one period to decide.
PERIOD = 240


def evergreen(capsys, *arguments):
    """What a verb has printed, in one line."""
    capsys.readouterr()
    app(list(arguments), prog_name="evergreen", standalone_mode=False)
    return " ".join(capsys.readouterr().out.split())


def test_without_labels_nothing_is_renewed_and_it_says_what_to_send(model):
    told = model.renew(by_hand=True)

    assert not told["promote"]
    assert "nothing to learn from" in told["told"]
    assert "no prediction was captured yet" in told["told"]
    assert model.ledger().runs == ()


def test_with_too_few_it_is_refused_before_anything_is_trained(model):
    model.live(houses(LABELS - 1, FIRST, seed=1))

    told = model.renew()

    assert f"{LABELS - 1} predictions with a label since the last renewal" in told["told"]
    [run] = model.ledger().runs
    assert run.outcome == "refused"
    message = model.inbox.receive(run.version)
    assert message.subject == "Evergreen dev: houses not renewed"
    assert run.told in message.message


def test_while_models_of_the_old_world_are_no_better_the_champion_stays(model):
    """The world has changed; but nothing that could be fitted knows it yet."""
    champion = model.workflow.champion()["version"]
    model.live(houses(PERIOD, SECOND, seed=2))

    decision = model.renew("the world has changed")

    assert not decision["promote"]
    run = model.ledger().runs[-1]
    assert (run.outcome, run.reason) == (KEPT, "the world has changed")
    assert run.rows == PERIOD + LABELS - 1
    assert model.ledger().champion.version == model.workflow.champion()["version"] == champion


def test_a_model_of_the_newest_rows_takes_the_champions_place(model, capsys):
    champion = model.workflow.champion()["version"]
    model.live(houses(PERIOD, SECOND, seed=3))

    said = evergreen(capsys, "renew", "--reason", "Ann wants it")

    run = model.ledger().runs[-1]
    assert (run.outcome, run.reason) == (PROMOTED, "Ann wants it")
    assert run.promoted == model.workflow.champion()["version"] != champion
    assert f"promoted {run.promoted}" in said
    model.endpoint.await_version(run.promoted, lambda _: None)
    # It is half of the table's rows, the newest, which the new world is most of.
    winner = next(each for each in run.challengers if each["version"] == run.promoted)
    assert winner["name"] == HALF
    assert winner["error"] < 0.7 * winner["rival"]
    # What serves knows the rows that it was judged on as well.
    assert model.workflow.champion()["bundle"].endswith("/refit/output/model/")


def test_people_are_told_why_what_it_cost_and_what_happens_next(model):
    run = model.ledger().runs[-1]

    message = model.inbox.receive(f"The renewal {run.version} of houses")

    assert message.subject == f"Evergreen dev: houses renewed by {run.promoted}"
    for words in (
        "began because of this: Ann wants it.",
        f"What came of it: promoted version {run.promoted}.",
        f"Why: {run.told}",
        "mae on the newest labelled rows: ",
        "; what serves was fitted again to ",
        f"Challengers, on {PERIOD} labelled predictions:",
        "What it cost: 0.0",
        "takes its place back",
        "evergreen renewals -e dev",
    ):
        assert words in message.message


def test_the_reason_stands_on_the_card_in_mlflow_and_beside_each_loser(model, tmp_path):
    run = model.ledger().runs[-1]
    cards, registry = Cards(model.deployed.target), Registry(model.deployed.target)

    card, *_ = cards.write_card(cards.find(run.promoted), tmp_path / "card.html")
    assert run.told in html.unescape(card.read_text())
    decisions = {each["version"]: registry.find(each["version"]).decision for each in run.challengers[:2]}
    assert [decision["promote"] for decision in decisions.values()].count(True) == 1
    assert all(decision["renewal"]["reason"] == "Ann wants it" for decision in decisions.values())
    client = mlflow.MlflowClient(model.deployed.embedded.tracking_uri)
    experiment = client.get_experiment_by_name("houses").experiment_id
    for version, decision in decisions.items():
        (found,) = client.search_runs([experiment], f"tags.`{tracking.VERSION_TAG}` = '{version}'")
        assert found.data.tags[tracking.REASON_TAG] == decision["reason"]
    champion = client.get_model_version_by_alias("houses", tracking.CHAMPION)
    assert champion.tags[tracking.VERSION_TAG] == run.promoted


def test_what_was_tried_is_listed(model, capsys):
    assert len(model.ledger().runs) == 3
    said = evergreen(capsys, "renewals")

    assert "Ann wants it" in said
    assert "3 renewals cost 0.0" in said


def test_the_data_of_a_renewal_is_a_version_that_can_be_had(model, capsys):
    version = model.ledger().data

    assert version[:12] in evergreen(capsys, "data", "list")
    said = evergreen(capsys, "data", "pull", version[:12])
    assert "It is a folder, with captured rows beside the table's file" in said
    assert of_path(model.folder / "houses").version == version
    shutil.rmtree(model.folder / "houses")


def test_a_forgotten_row_is_in_no_later_version(model, capsys):
    before = model.ledger()
    [id_, *_] = model.live(houses(PERIOD, SECOND, seed=4))

    evergreen(capsys, "forget", id_)
    model.renew()
    after = model.ledger()
    assert after.forgets == before.forgets + 1
    assert after.runs[-1].rows == PERIOD - 1
    # One that a version holds already.
    said = evergreen(capsys, "forget", before.until)
    cleaned = model.ledger().data
    assert cleaned != after.data
    assert f"Renewals go on without it, from the version {cleaned[:12]}" in said
    assert before.data[:12] in said
    assert cleaned[:12] not in said.partition("hold it still")[2]


def test_a_world_that_comes_back_needs_a_pointer_and_no_training(model):
    """At the first look, what was before it came back still counts against the model of that world."""
    first = Registry(model.deployed.target).champions().readable[-1].version
    for seed in (5, 6):
        model.live(houses(PERIOD, FIRST, seed=seed))
        model.renew()

    promoted = [run.promoted for run in model.ledger().runs if run.promoted]
    assert first in promoted, model.ledger().runs[-1]
    assert model.workflow.champion()["version"] == promoted[-1]


def test_a_check_that_finds_a_fall_begins_a_renewal_with_its_reason(model):
    runs, start = len(model.ledger().runs), datetime.now(UTC)
    model.live(houses(120, 5000, seed=6))

    answer = model.deployed.target.client("lambda").invoke(
        FunctionName=model.deployed.target.outputs[names.OUTPUT_CHECK_FUNCTION],
        Payload=json.dumps({"start": start.isoformat(), "end": datetime.now(UTC).isoformat(), "renew": True}).encode(),
    )
    result = json.loads(answer["Payload"].read())

    assert result["new_labels"] >= 60, result
    assert result["renewal"].startswith("A renewal begins"), result
    model.workflow.wait_until(lambda: len(model.ledger().runs) > runs and model.ledger().runs[-1].ended)
    assert model.ledger().runs[-1].reason.startswith(f"check of {result['checked_at'][:16]}: ")


def test_a_paused_model_is_left_alone_until_it_is_resumed(model, capsys):
    evergreen(capsys, "pause", "--why", "Ann looks at it")

    assert model.renew()["told"] == "renewal is paused: Ann looks at it. To go on: evergreen resume"
    assert "Paused: Ann looks at it" in evergreen(capsys, "renewals")
    assert "Resumed" in evergreen(capsys, "resume")
    assert not model.ledger().paused


def test_people_need_no_more_than_their_policy(model, capsys):
    policy = model.deployed.target.outputs[names.OUTPUT_USER_POLICY]
    # Not by monkeypatch, which would put back the cloud's keys after they have been taken away.
    with environment(person(model.deployed.target, policy)):
        assert "renewals cost" in evergreen(capsys, "renewals")
        evergreen(capsys, "pause")
        # It is started and followed to its end, which is that nothing may begin.
        with pytest.raises(CommandFailed, match="renewal is paused: somebody has paused it"):
            evergreen(capsys, "renew")
        evergreen(capsys, "resume")


def test_a_version_of_a_renewal_says_that_it_cannot_be_trained_again(model, capsys):
    promoted = next(run.promoted for run in model.ledger().runs if run.outcome == PROMOTED)

    with pytest.raises(CommandFailed, match="fitted by a renewal to a window"):
        evergreen(capsys, "reproduce", promoted)
