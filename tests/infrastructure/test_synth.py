"""The real CDK command line, with no credentials, no settings of the caller's and nothing remembered in a home."""

import json
import os
import subprocess

import pytest

# Of the scikit-learn image per region: https://github.com/aws/sagemaker-python-sdk, image_uri_config/sklearn.json
REGISTRIES = {"eu-west-1": "141502667606", "ap-southeast-2": "783357654285"}


@pytest.mark.usefixtures("templates")  # which have filled the cache of packages: no home, no cache of the installer's
@pytest.mark.parametrize("region", REGISTRIES)
def test_any_region_is_synthesised_with_its_own_image(checkout, tmp_path, region):
    home = tmp_path / "home"
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
    output = tmp_path / "cdk.out"
    command = ["cdk", "synth", "evergreen-prod", "-c", f"region={region}", "--quiet", "--no-notices"]
    finished = subprocess.run(
        [*command, "--output", output], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr

    text = (output / "evergreen-prod.template.json").read_text()
    registry = f"{REGISTRIES[region]}.dkr.ecr.{region}.amazonaws.com"
    assert f"{registry}/sagemaker-scikit-learn:1.9-0-cpu-py3" in text
    # The jobs may pull from there, and nothing is left of the region that the environment names.
    assert f":ecr:{region}:{REGISTRIES[region]}:repository/sagemaker-scikit-learn" in text
    assert "eu-central-1" not in text
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["artifacts"]["evergreen-prod"]["environment"] == f"aws://unknown-account/{region}"
