"""A separate environment for each peer, so that none loads another's packages."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import uv

from benchmarks.places import BUILD

HERE = Path(__file__).resolve().parents[1]


class Installing:
    """Whether a peer that is not installed yet may be: a quick run measures only those that are there."""

    allowed = True


class PeerUnavailable(Exception):
    """A peer could not be installed or started. It is reported as missing; the others are measured."""


def peer_folder(peer: str) -> Path:
    """The peer's virtual environment, installed on first use.

    Raises:
        PeerUnavailable: its packages cannot be installed here, and the message is the installer's; or may not be.
    """
    requirements = HERE / "peers" / f"{peer}.txt"
    pinned = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    folder = BUILD / peer
    mark = folder / "installed-from"
    if mark.exists() and mark.read_text() == pinned:
        return folder
    if not Installing.allowed:
        raise PeerUnavailable(f"{peer} is not installed; a whole run installs it")
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--python", sys.executable, str(folder))
    # Compiled, as in a well-built image: otherwise each cold start of a peer would compile its packages.
    install = ["pip", "install", "--compile-bytecode", "--only-binary", ":all:", "--python", str(folder / "bin/python")]
    _uv(*install, "--requirement", str(requirements))
    mark.write_text(pinned)
    return folder


def peer_python(peer: str) -> Path:
    return peer_folder(peer) / "bin" / "python"


def peer_packages(peer: str) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return peer_folder(peer) / "lib" / version / "site-packages"


def version_of(peer: str, package: str) -> str:
    """The pinned version of a package in a peer's requirements."""
    for line in (HERE / "peers" / f"{peer}.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        if name == package:
            return version
    raise KeyError(f"peers/{peer}.txt does not pin {package}")


def _uv(*arguments: str) -> None:
    finished = subprocess.run(
        [uv.find_uv_bin(), "--quiet", *arguments], capture_output=True, text=True, check=False, timeout=900
    )
    if finished.returncode:
        raise PeerUnavailable(f"uv {' '.join(arguments[:2])}: {finished.stderr.strip()}")
