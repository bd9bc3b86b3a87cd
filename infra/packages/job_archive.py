"""The archive that both jobs run from: sources, and the wheels that the training image lacks."""

import gzip
import io
import sys
import tarfile
from functools import cache
from pathlib import Path

from evergreen.names import WANDB_WHEELS
from infra.packages.build import (
    BUILD,
    CHECKOUT,
    LAMBDA_PLATFORM,
    LOCK,
    PYTHON_VERSION,
    cached,
    replacing,
    run,
    sources,
    uv_command,
)

# Wheels that run in the training image.
WHEEL_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_5_x86_64")
# What the training image brings along; installing it again would replace what it was tested with.
_IN_THE_IMAGE = ("numpy", "pandas", "scikit-learn", "scipy", "joblib", "threadpoolctl", "pyarrow")


# The folder of the archive with Feast and what it needs beside the image.
FEAST_WHEELS = "feast-wheels"
_FEATURES = CHECKOUT / "features"
_WANDB = CHECKOUT / "integrations" / "wandb"


@cache
def job_archive(*, for_this_machine: bool, feast: bool = False, wandb: bool = False) -> Path:
    """The .tar.gz that both jobs run from: sources, and the wheels that the training image lacks.

    Args:
        for_this_machine: without the wheels, since the embedded cloud runs jobs with the packages of this checkout.
        feast: with Feast and the definitions of features, in place of what training needs.
        wandb: with W&B's client as well, for a training that is mirrored there.

    Raises:
        PackagingError: a wheel could not be fetched.
    """
    members = {str(path.relative_to(CHECKOUT)): path.read_bytes() for path in sources("evergreen", "training")}
    if feast:
        definitions = [*sources("features"), *_FEATURES.glob("*.yaml"), *_FEATURES.glob("*.json")]
        members |= {str(path.relative_to(CHECKOUT)): path.read_bytes() for path in definitions}
        if not for_this_machine:
            members |= _apart(FEAST_WHEELS, _FEATURES)
    elif not for_this_machine:
        wheels, requirements = _wheels(CHECKOUT / "training" / "requirements.txt", LOCK)
        members |= {f"wheels/{path.name}": path.read_bytes() for path in sorted(wheels.glob("*.whl"))}
        # The training container installs the requirements.txt that it finds beside the program.
        members["requirements.txt"] = f"--no-index\n--find-links wheels\n{requirements}".encode()
    if wandb and not for_this_machine:
        members |= _apart(WANDB_WHEELS, _WANDB)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in sorted(members):
            member = tarfile.TarInfo(name)
            member.size = len(members[name])
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(members[name]))
    more = f"{'-feast' if feast else ''}{'-wandb' if wandb else ''}"
    path = BUILD / f"job{more}-{'this-machine' if for_this_machine else 'image'}.tar.gz"
    with replacing(path) as unfinished:
        unfinished.write_bytes(gzip.compress(tar.getvalue(), compresslevel=1, mtime=0))
    return path


def _apart(name: str, requirements: Path) -> dict[str, bytes]:
    """Wheels that a job installs into a folder of their own: by their places in the archive.

    Args:
        name: of the folder in the archive.
        requirements: the folder with the requirements and their lock.
    """
    wheels, pinned = _wheels(requirements / "requirements.in", requirements / "requirements.txt")
    members = {f"{name}/{path.name}": path.read_bytes() for path in sorted(wheels.glob("*.whl"))}
    return {**members, f"{name}/requirements.txt": pinned.encode()}


def _wheels(requirements: Path, lock: Path) -> tuple[Path, str]:
    """A folder with the wheels that a requirements file needs in the training image, and their pinned names."""

    def download(folder: Path) -> None:
        pinned = folder / "requirements.txt"
        omitted = [argument for package in _IN_THE_IMAGE for argument in ("--no-emit-package", package)]
        source = ["--constraint", str(lock), str(requirements), "--output-file", str(pinned)]
        uv_command(
            "pip", "compile", "--generate-hashes", "--no-annotate", "--no-header", *LAMBDA_PLATFORM, *omitted, *source
        )
        platforms = [argument for platform in WHEEL_PLATFORMS for argument in ("--platform", platform)]
        target = ["--python-version", PYTHON_VERSION, "--only-binary", ":all:", "--dest", str(folder)]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--require-hashes"]
        run([*pip, *platforms, *target, "--requirement", str(pinned)])

    folder = cached("wheels", [requirements, lock], [], download)
    lines = (folder / "requirements.txt").read_text().splitlines()
    return folder, "".join(f"{line.split()[0]}\n" for line in lines if line and not line[0].isspace())
