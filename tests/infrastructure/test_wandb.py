"""[tracking] wandb: what it adds to the stack; without it there is nothing of it."""

from app import of_the_stack
from evergreen.settings.model_toml import read_settings
from tests.infrastructure.conftest import CHECKOUT, differences, synthesise

ROLE = "Training/TrainRole/DefaultPolicy/Resource"


def test_without_a_mirror_nothing_in_the_template_speaks_of_it(template):
    text = template.file.read_text().lower()
    assert "wandb" not in text
    assert "secretsmanager" not in text


def test_with_one_the_training_job_alone_may_read_the_key(template, tmp_path):
    mirroring = synthesise(tmp_path / "synth", wandb_secret="keys/wandb")[template.environment.name]

    found, new = differences(template, mirroring)

    changed = {path for path, *_ in found}
    assert ROLE in changed
    # All else that has changed names the archive that jobs run from.
    assert changed - {ROLE} <= {"Training/PrepareRole/DefaultPolicy/Resource", "Training/StateMachine/Resource"}
    assert not new
    statements = mirroring.resources("AWS::IAM::Policy")[ROLE.removesuffix("/Resource")]["Properties"]
    reading = [
        mirroring.plain(statement)
        for statement in statements["PolicyDocument"]["Statement"]
        if statement["Action"] == "secretsmanager:GetSecretValue"
    ]
    assert len(reading) == 1
    assert reading[0]["Resource"].endswith(":secret:keys/wandb-??????")
    assert mirroring.file.read_text().count("secretsmanager:GetSecretValue") == 1


def test_the_secrets_name_is_in_the_stack_only_if_there_is_a_mirror(tmp_path):
    text = (CHECKOUT / "model.toml").read_text()
    (tmp_path / "model.toml").write_text(f'{text}\n[tracking]\nwandb = "people/houses"\nwandb_secret = "mine"\n')

    assert of_the_stack(read_settings(tmp_path / "model.toml")).wandb_secret == "mine"
    assert of_the_stack(read_settings(CHECKOUT / "model.toml")).wandb_secret is None
