"""The real CDK command line, with no credentials, no settings of the caller's and nothing remembered in a home."""

import json
import os
import subprocess

import pytest

# Of the scikit-learn image per region: https://github.com/aws/sagemaker-python-sdk, image_uri_config/sklearn.json
REGISTRIES = {"eu-west-1": "141502667606", "ap-southeast-2": "783357654285"}


@pytest.fixture
def synthesised(templates, checkout, tmp_path):  # noqa: ARG001 - they have filled the cache of packages: no home, no cache of the installer's
    """Runs cdk synth with some contexts: the process, and the folder that it wrote to."""
    home, output = tmp_path / "home", tmp_path / "cdk.out"
    home.mkdir()
    environment = {
        "PATH": os.pathsep.join(
            [str(checkout / ".venv" / "bin"), str(checkout / "node_modules" / ".bin"), os.environ["PATH"]]
        ),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # The CDK's own checks of the template: cfn-lint and these tests are ours.
        "CDK_VALIDATION": "false",
        "CDK_DISABLE_VERSION_CHECK": "1",
    }

    def run(*contexts):
        words = [word for context in contexts for word in ("-c", context)]
        return subprocess.run(
            ["cdk", "synth", "--quiet", "--no-notices", *words, "--output", output],
            cwd=checkout, env=environment, capture_output=True, text=True, check=False,
        ), output  # fmt: skip

    return run


@pytest.mark.parametrize("region", REGISTRIES)
def test_any_region_is_synthesised_with_its_own_image(synthesised, region):
    finished, output = synthesised(f"region={region}")
    assert finished.returncode == 0, finished.stderr

    text = (output / "evergreen-prod.template.json").read_text()
    registry = f"{REGISTRIES[region]}.dkr.ecr.{region}.amazonaws.com"
    assert f"{registry}/sagemaker-scikit-learn:1.9-0-cpu-py3" in text
    # The jobs may pull from there, and nothing is left of the region that the environment names.
    assert f":ecr:{region}:{REGISTRIES[region]}:repository/sagemaker-scikit-learn" in text
    assert "eu-central-1" not in text
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["artifacts"]["evergreen-prod"]["environment"] == f"aws://unknown-account/{region}"


def test_one_environment_is_synthesised_alone(synthesised):
    finished, output = synthesised("environment=prod")

    assert finished.returncode == 0, finished.stderr
    assert [file.name for file in output.glob("*.template.json")] == ["evergreen-prod.template.json"]


def test_an_environment_that_is_none_is_named_beside_those_that_are(synthesised):
    finished, _ = synthesised("environment=staging")

    assert finished.returncode
    assert "evergreen: -c environment=staging: infra/environments.py has no such environment (it has: dev, prod)" in (
        finished.stderr
    )
