"""What the builders of zips and archives share: the lock, the installer, the cache and reproducible zips.

Packages come from the one lock, requirements.txt. They are fetched once per lock and platform into .build/packages,
so that a second synth needs no network. The same content gives the same bytes, so that nothing unchanged is uploaded
again.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uv

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = CHECKOUT / ".build"
LOCK = CHECKOUT / "requirements.txt"

# The Python of the functions and of the training image.
PYTHON_VERSION = "3.12"
# Packages whose tests are installed with them: a quarter of their files.
WITH_TESTS = ("numpy", "scipy", "pandas", "sklearn", "pyarrow", "joblib")
LAMBDA_PLATFORM = ("--python-version", PYTHON_VERSION, "--python-platform", "x86_64-manylinux_2_28")


class PackagingError(RuntimeError):
    """Packages could not be installed; the message holds the installer's own."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write instead, which takes the path's place when it is whole: another synth may read at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def sources(*patterns: str) -> list[Path]:
    """The Python files that the patterns name, folders with all that is below."""
    found: set[Path] = set()
    for pattern in patterns:
        folder = CHECKOUT / pattern
        found.update(folder.rglob("*.py") if folder.is_dir() else CHECKOUT.glob(pattern))
    return sorted(found)


def platform_of(*, for_this_machine: bool) -> tuple[str, ...]:
    """The installer's words for Lambda's Python; none for the one that runs this."""
    return () if for_this_machine else LAMBDA_PLATFORM


def build_words(platform: tuple[str, ...]) -> list[str]:
    """What the same requirements are built differently for."""
    # The Python's version and the machine count where no platform is named.
    words = [*platform] if platform else [sys.version, sysconfig.get_platform()]
    return [*words, "with bytecode" if compiles(platform) else "sources only"]


def install(requirements: Path, folder: Path, platform: tuple[str, ...]) -> None:
    """Install what a requirements file names into a folder, at the lock's versions."""
    arguments = ["pip", "install", "--target", str(folder), "--only-binary", ":all:", *platform]
    uv_command(*arguments, "--python", sys.executable, "--constraint", str(LOCK), "--requirement", str(requirements))
    # Scripts carry the path of this machine's Python in their first line, and nothing in a function runs them.
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for package in WITH_TESTS:
        for tests in list((folder / package).rglob("tests")):
            shutil.rmtree(tests, ignore_errors=True)


def zip_folder(folder: Path, package: Path, *, level: int = 6) -> None:
    """Move a folder's files into a zip."""
    with zipfile.ZipFile(package, "w", compresslevel=level) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in (".lock", "RECORD"):
                add(archive, str(path.relative_to(folder)), path.read_bytes())
    shutil.rmtree(folder)


def compiles_for_lambda() -> bool:
    """Whether this Python's bytecode is that of Lambda's.

    Lambda cannot keep what it compiles, and would compile some 300 modules at every cold start: half of its time.
    """
    return f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON_VERSION


def compiles(platform: tuple[str, ...]) -> bool:
    return not platform or compiles_for_lambda()


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file without what differs from one build to the next: its time and its owner."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=archive.compresslevel)


def cached(
    label: str, files: list[Path], words: list[str], build: Callable[[Path], None], *, parent: Path = BUILD
) -> Path:
    """The folder that `build` fills, kept in `parent` until one of the files or words changes."""
    digest = hashlib.sha256("\0".join(words).encode())
    for file in files:
        digest.update(file.read_bytes())
    folder = parent / "packages" / f"{label}-{digest.hexdigest()[:16]}"
    with _alone(folder):
        if not folder.exists():
            unfinished = folder.with_name(f"{folder.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(folder)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process builds the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def uv_command(*arguments: str) -> None:
    run([uv.find_uv_bin(), "--quiet", "--color", "never", *arguments])


def run(command: list[str]) -> str:
    """What a command prints.

    Raises:
        PackagingError: it failed.
    """
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        words = " ".join(command[:4])
        raise PackagingError(f"{words} ... failed:\n{finished.stderr.strip()}\nThe first synth needs the network.")
    return finished.stdout
