"""The packages that a deployment needs are built beside the start of the cloud."""

import pytest

from cli import packages
from cli.aws.target import CHECKOUT
from cli.console import Step
from evergreen.errors import CommandFailed
from evergreen.settings.model_toml import read_settings
from infra.packages.__main__ import builds

SETTINGS = read_settings(CHECKOUT / "model.toml")


class Process:
    """Ends with an exit code after it has printed lines."""

    def __init__(self, code: int) -> None:
        self.output = [b"1 of 8: job\n", b"uv pip install ... failed:\n", b"no network\n"]
        self._code = code

    def wait(self) -> int:
        return self._code


def test_everything_that_a_synth_packs_or_looks_up_is_built():
    all_packages = {
        *("check_drift", "judge", "lease", "notify", "predict", "promote"),
        *("packages of check_drift", "job", "address of the training image", "CDK"),
    }
    assert set(builds(for_this_machine=False)) == all_packages
    assert set(builds(for_this_machine=True)) == {*all_packages, "bytecode of predict"}
    # What is off costs nothing.
    assert set(builds(for_this_machine=False, renewal=True)) == {*all_packages, "renew"}
    assert set(builds(for_this_machine=False, features=True)) == {*all_packages, "job with Feast"}


def test_a_build_that_fails_says_why(monkeypatch):
    monkeypatch.setattr(packages, "LeashedProcess", lambda *_arguments, **_options: Process(1))

    with pytest.raises(CommandFailed, match="the packages could not be built:\n(.*\n)*no network"):
        packages.PackageBuild(SETTINGS).wait(Step("Build"))


def test_a_build_shows_what_is_done(monkeypatch):
    monkeypatch.setattr(packages, "LeashedProcess", lambda *_arguments, **_options: Process(0))
    shown: list[str] = []
    step = Step("Build")
    monkeypatch.setattr(step, "progress", shown.append)
    packages.PackageBuild(SETTINGS).wait(step)

    assert shown[0] == "1 of 8: job"
