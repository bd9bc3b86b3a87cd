"""The set-up script: what it says on a machine that lacks what it needs."""

import importlib.metadata
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "setup.sh"
NEEDED = ("bash", "rm", "mktemp", "cat", "awk")


@pytest.fixture
def machine(tmp_path):
    """A folder that is all of PATH, with the few programs that the script calls; Python is added by the test."""
    for program in NEEDED:
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    return tmp_path


def add_python(machine: Path, name: str, *lines: str) -> None:
    program = machine / name
    program.write_text("\n".join(["#!/usr/bin/env bash", *lines]))
    program.chmod(0o755)


def set_up(machine: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(machine), "TMPDIR": str(machine), **variables}
    return subprocess.run(
        [str(machine / "bash"), str(SCRIPT)], cwd=machine, env=environment, capture_output=True, text=True
    )


def test_a_machine_without_python_is_told_which_to_install(machine):
    finished = set_up(machine)

    assert finished.returncode == 1
    assert finished.stderr == (
        "evergreen: needs Python 3.11, 3.12 or 3.13, found no python3. "
        "Install one, or name it: make PYTHON=/path/to/python3.12 ...\n"
    )


def test_a_python_that_is_too_old_is_named(machine):
    add_python(machine, "python3", '[ "$1" = --version ] && echo "Python 3.8.18" && exit 0', "exit 1")

    finished = set_up(machine)

    assert finished.returncode == 1
    assert "found Python 3.8.18" in finished.stderr


def test_a_python_without_venv_is_told_the_package(machine):
    add_python(machine, "python3.12", 'case "$2" in *ensurepip*) exit 1 ;; esac', "exit 0")

    finished = set_up(machine)

    assert finished.returncode == 1
    assert "sudo apt install python3-venv" in finished.stderr
    assert not (machine / ".venv").exists()


def test_a_failed_step_shows_its_own_words_and_leaves_no_half_set_up(machine):
    add_python(machine, "python3.12", 'case "$*" in *"-m venv"*) echo "disk full" >&2; exit 1 ;; esac', "exit 0")
    ready = machine / ".venv" / ".ready"
    ready.parent.mkdir()
    ready.touch()

    finished = set_up(machine)

    assert finished.returncode == 1
    assert "disk full" in finished.stderr
    assert "set-up failed at" in finished.stderr
    assert not ready.exists()
    assert not list(machine.glob("tmp.*")), "its own temporary files are gone"


def test_a_python_that_is_named_is_taken(machine):
    add_python(machine, "other", '[ "$1" = --version ] && echo "Python 3.12.9"', "exit 0")

    finished = set_up(machine, PYTHON=str(machine / "other"))

    assert "virtual environment with Python 3.12.9" in finished.stdout


def test_pip_is_the_locked_one():
    """It fetches the wheels of the jobs; without a lock it would be the one that each Python brings."""
    lock = (SCRIPT.parents[1] / "requirements.txt").read_text()
    assert f"\npip=={importlib.metadata.version('pip')} \\\n    --hash=" in lock
