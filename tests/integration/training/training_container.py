"""A training container on this machine: the SageMaker training toolkit itself, and a folder instead of /opt/ml.

The toolkit has a virtual environment of its own. This checkout's packages come behind its own ones: they stand for
what the training image holds.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uv

from infra.packages.build import cached, run

PINNED = Path(__file__).with_name("toolkit.txt")
# The programs of the image that may own its command `train`: both are installed there, the second over the first or
# the other way round.
TOOLKITS = ("sagemaker_training", "sagemaker_containers")
# Stands for sagemaker_sklearn_container.training:main, which does the same by the same calls:
# https://github.com/aws/sagemaker-scikit-learn-container/blob/master/src/sagemaker_sklearn_container/training.py
FRAMEWORK = "image_framework:main"
_FRAMEWORK_SOURCE = """
from sagemaker_training import entry_point, environment, runner


def main():
    job = environment.Environment()
    entry_point.run(job.module_dir, job.user_entry_point, job.to_cmd_args(), job.to_env_vars(),
                    runner_type=runner.ProcessRunnerType)
"""


def why_not_here() -> str | None:
    """What this machine lacks to build the toolkit, which comes as sources with a module in C; None if nothing."""
    if not sys.platform.startswith("linux"):
        return "the training toolkit is made for Linux"
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    if not shutil.which(compiler):
        return f"the training toolkit needs a C compiler: {compiler} is not installed"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "the training toolkit needs Python's C headers (Debian and Ubuntu: python3-dev)"
    return None


def toolkit_python() -> Path:
    """The Python that has the toolkit installed; the first call installs it.

    Raises:
        PackagingError: a package could not be fetched or built; the message is the installer's.
    """
    packages = sysconfig.get_path("purelib")

    def build(folder: Path) -> None:
        installer = [uv.find_uv_bin(), "--quiet", "--color", "never"]
        run([*installer, "venv", "--python", sys.executable, str(folder)])
        (python,) = folder.glob("bin/python")
        (own,) = folder.glob("lib/python3*/site-packages")
        (own / "image.pth").write_text(f"{packages}\n")
        # Without dependencies: the lock's versions of them are there already, setuptools to build with among them.
        install = ["pip", "install", "--python", str(python), "--no-deps", "--no-build-isolation", "--require-hashes"]
        run([*installer, *install, "--requirement", str(PINNED)])
        # As the image's own Dockerfile does: it is of 2020, and Python 3.10 has moved the name.
        mapping = own / "sagemaker_containers" / "_mapping.py"
        mapping.write_text(mapping.read_text().replace("collections.Mapping", "collections.abc.Mapping"))
        (own / f"{FRAMEWORK.partition(':')[0]}.py").write_text(_FRAMEWORK_SOURCE)

    return cached("toolkit", [PINNED], [sys.version, packages], build) / "bin" / "python"


class TrainingContainer:
    """Runs the training job that a request asks for, as SageMaker's service and its container do."""

    def __init__(self, base: Path, request: Mapping[str, Any], channels: Mapping[str, Path]) -> None:
        """
        Args:
            base: stands for /opt/ml.
            request: of CreateTrainingJob; the source archive is a path of this machine.
            channels: the content of each, a file or a folder.
        """
        self.base = base
        self.model = base / "model"
        self.output = base / "output"
        self._environment = request["Environment"]
        for folder in (base / "input" / "config", base / "input" / "data", self.model, self.output):
            folder.mkdir(parents=True)
        for name, content in channels.items():
            target = base / "input" / "data" / name
            if content.is_dir():
                shutil.copytree(content, target)
            else:
                target.mkdir()
                shutil.copy(content, target)
        config = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
        self._write_config("hyperparameters", request["HyperParameters"])
        self._write_config("inputdataconfig", dict.fromkeys(channels, config))
        self._write_config("resourceconfig", _resources(request["ResourceConfig"]["InstanceType"]))

    def train(self, toolkit: str = TOOLKITS[0], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the container's entry point to its end."""
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.base),
            "SAGEMAKER_BASE_DIR": str(self.base),
            "SAGEMAKER_TRAINING_MODULE": FRAMEWORK,
            # The older toolkit's messages were generated for the protobuf 3.20 that the image has.
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
        }
        return subprocess.run(
            [str(toolkit_python()), "-m", f"{toolkit}.cli.train"],
            cwd=self.base,
            env={**own, **self._environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def _write_config(self, name: str, document: Mapping[str, Any]) -> None:
        (self.base / "input" / "config" / f"{name}.json").write_text(json.dumps(document))


def _resources(instance_type: str) -> dict[str, Any]:
    # The toolkit waits until each host's name resolves, as this one does everywhere.
    hosts = ["localhost"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": hosts}
    return {
        "current_host": hosts[0],
        "current_instance_type": instance_type,
        "current_group_name": group["instance_group_name"],
        "hosts": hosts,
        "instance_groups": [group],
        "network_interface_name": "lo",
    }
