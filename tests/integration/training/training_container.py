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

    def train(self) -> subprocess.CompletedProcess[str]:
        """Run the container's entry point to its end."""
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.base), "SAGEMAKER_BASE_DIR": str(self.base)}
        return subprocess.run(
            [str(toolkit_python()), "-m", "sagemaker_training.cli.train"],
            cwd=self.base,
            env={**variables, **self._environment},
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
