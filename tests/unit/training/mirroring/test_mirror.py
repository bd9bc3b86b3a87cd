"""A mirror that fails or hangs costs a training nothing but words; the programs here stand in for W&B's client."""

import json
import sys
import time
from pathlib import Path

import pytest

from evergreen import names
from evergreen.settings.sections import TrackingSettings
from training.mirroring.mirror import mirror

SETTINGS = TrackingSettings(wandb="people/houses", wandb_url="https://wandb.example.com")
KEY = "k" * 40


class Secrets:
    def get_secret_value(self, *, SecretId):
        assert SecretId == "wandb"
        return {"SecretString": f"{KEY}\n"}


@pytest.fixture
def client_of_wandb(tmp_path, monkeypatch):
    """Puts a program in the place of the Python that W&B's client runs in."""

    def put(program):
        script = tmp_path / "python"
        script.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{program}\n")
        script.chmod(0o755)
        monkeypatch.setenv(names.WANDB_PYTHON, str(script))

    return put


def mirrored(*, seconds=20.0, client=lambda _service: Secrets()):
    return mirror({"id": "1", "name": "v1"}, SETTINGS, client, seconds=seconds)


def test_the_address_of_the_run_is_told(client_of_wandb, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for others")
    client_of_wandb(
        f"""given = json.load(sys.stdin)
json.dump([given, dict(os.environ), sys.argv], open({str(tmp_path / "seen")!r}, "w"))
print("noise")
print("https://wandb.example.com/people/houses/runs/1")"""
    )

    found = mirrored()

    assert str(found) == "https://wandb.example.com/people/houses/runs/1"
    given, environment, arguments = json.loads((tmp_path / "seen").read_text())
    assert (given["entity"], given["project"], given["id"]) == ("people", "houses", "1")
    assert environment["WANDB_API_KEY"] == KEY
    assert environment["WANDB_BASE_URL"] == SETTINGS.wandb_url
    # The key is in no command line, which others on the machine can read.
    assert KEY not in json.dumps(arguments)
    assert not [name for name in environment if name.startswith(("AWS_", "MLFLOW_"))]


def test_one_that_hangs_is_ended_with_all_that_it_has_started(client_of_wandb, tmp_path):
    client_of_wandb(
        f"""import subprocess
child = subprocess.Popen(["sleep", "600"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
time.sleep(600)"""
    )
    started = time.monotonic()

    found = mirrored(seconds=2)

    assert "did not answer within 2 s" in str(found)
    assert "MLflow all the same" in str(found)
    assert time.monotonic() - started < 15
    child = int((tmp_path / "child").read_text())
    state = _state(child)
    assert state in ("", "Z"), state


def _state(pid):
    """Of a process; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def test_what_the_client_says_last_is_the_reason_and_the_key_is_in_no_word(client_of_wandb):
    client_of_wandb(f"sys.exit('wandb.errors.CommError: permission denied for {KEY}')")

    found = mirrored()

    assert "permission denied for ***" in str(found)
    assert KEY not in str(found)


def test_a_client_that_is_not_there_is_told_with_what_installs_it(monkeypatch):
    monkeypatch.setenv(names.WANDB_PYTHON, "/no/such/python")
    assert "No such file" in str(mirrored())
    monkeypatch.delenv(names.WANDB_PYTHON)
    assert "make .venv-integrations/wandb/.ready" in str(mirrored())


def test_a_secret_that_cannot_be_read_is_named():
    def refused(_service):
        raise PermissionError("AccessDenied: no policy allows it")

    words = str(mirrored(client=refused))

    assert "secret wandb" in words
    assert "no policy allows it" in words
