"""Builds what is deployed: a zip per function, and the archive that the jobs run from.

Packages come from the one lock, requirements.txt. They are fetched once per lock and platform into .build/packages,
so that a second synth needs no network. The same content gives the same bytes, so that nothing unchanged is uploaded
again.
"""

import gzip
import hashlib
import importlib.util
import io
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import uv

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = CHECKOUT / ".build"
LOCK = CHECKOUT / "requirements.txt"

# The Python of the functions and of the training image, and the wheels that run on both.
PYTHON_VERSION = "3.12"
LAMBDA_PLATFORM = ("--python-version", PYTHON_VERSION, "--python-platform", "x86_64-manylinux_2_28")
WHEEL_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_5_x86_64")

# What the training image brings along; installing it again would replace what it was tested with.
_IN_THE_IMAGE = ("numpy", "pandas", "scikit-learn", "scipy", "joblib", "threadpoolctl", "pyarrow")


class PackagingError(RuntimeError):
    """Packages could not be installed; the message holds the installer's own."""


@cache
def function_package(name: str, *, for_this_machine: bool) -> Path:
    """The zip of a function: its code, what it shares, and its packages.

    Args:
        name: the folder in functions/.
        for_this_machine: compiled packages for the Python that runs this, instead of Lambda's. The embedded cloud
            needs that, since it runs functions without a container.

    Raises:
        PackagingError: a package could not be fetched.
    """
    platform = platform_of(for_this_machine=for_this_machine)
    packages = _zipped_packages(CHECKOUT / "functions" / name / "requirements.txt", platform)
    package = BUILD / "functions" / f"{name}-{'this-machine' if for_this_machine else 'lambda'}.zip"
    with _replacing(package) as unfinished:
        shutil.copyfile(packages, unfinished)
        with zipfile.ZipFile(unfinished, "a") as archive:
            for source in _sources("evergreen", f"functions/{name}", "functions/*.py"):
                _add(archive, str(source.relative_to(CHECKOUT)), source)
                if compiles(platform):
                    _add_compiled(archive, str(source.relative_to(CHECKOUT)), source)
    return package


@cache
def job_archive() -> Path:
    """The .tar.gz that both jobs run from: sources, and the wheels that the training image lacks.

    Raises:
        PackagingError: a wheel could not be fetched.
    """
    wheels, requirements = _wheels(CHECKOUT / "training" / "requirements.txt")
    members = {str(path.relative_to(CHECKOUT)): path.read_bytes() for path in _sources("evergreen", "training")}
    members |= {f"wheels/{path.name}": path.read_bytes() for path in sorted(wheels.glob("*.whl"))}
    # The training container installs the requirements.txt that it finds beside the program.
    members["requirements.txt"] = f"--no-index\n--find-links wheels\n{requirements}".encode()
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in sorted(members):
            member = tarfile.TarInfo(name)
            member.size = len(members[name])
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(members[name]))
    path = BUILD / "job.tar.gz"
    with _replacing(path) as unfinished:
        unfinished.write_bytes(gzip.compress(tar.getvalue(), compresslevel=1, mtime=0))
    return path


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file to write instead, which takes the path's place when it is whole: another synth may read at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _sources(*patterns: str) -> list[Path]:
    """The Python files that the patterns name, folders with all that is below."""
    found: set[Path] = set()
    for pattern in patterns:
        folder = CHECKOUT / pattern
        found.update(folder.rglob("*.py") if folder.is_dir() else CHECKOUT.glob(pattern))
    return sorted(found)


def _zipped_packages(requirements: Path, platform: tuple[str, ...]) -> Path:
    """A zip with the packages that a requirements file names, at the lock's versions."""

    def build(folder: Path) -> None:
        installed = folder / "installed"
        install(requirements, installed, platform)
        if compiles(platform):
            # The paths in tracebacks are those in Lambda, whatever folder this is.
            places = ["-s", str(installed), "-p", "/var/task"]
            command = [sys.executable, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
            run([*command, *places, str(installed)])
        zip_folder(installed, folder / "packages.zip")

    return cached(requirements.parent.name, [requirements, LOCK], build_words(platform), build) / "packages.zip"


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
    _uv(*arguments, "--python", sys.executable, "--constraint", str(LOCK), "--requirement", str(requirements))
    # Scripts carry the path of this machine's Python in their first line, and nothing in a function runs them.
    shutil.rmtree(folder / "bin", ignore_errors=True)


def zip_folder(folder: Path, package: Path, *, level: int = 6) -> None:
    """Move a folder's files into a zip."""
    with zipfile.ZipFile(package, "w", compresslevel=level) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in (".lock", "RECORD"):
                _add(archive, str(path.relative_to(folder)), path)
    shutil.rmtree(folder)


def compiles_for_lambda() -> bool:
    """Whether this Python's bytecode is that of Lambda's.

    Lambda cannot keep what it compiles, and would compile some 300 modules at every cold start: half of its time.
    """
    return f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON_VERSION


def compiles(platform: tuple[str, ...]) -> bool:
    return not platform or compiles_for_lambda()


def _add_compiled(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    """Add a source file's bytecode, which is used without a look at the source's time."""
    compiled = Path(importlib.util.cache_from_source(name))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / compiled.name
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(path), str(file), dfile=f"/var/task/{name}", invalidation_mode=unchecked, doraise=True)
        _add(archive, str(compiled), file)


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    """Add a file without what differs from one build to the next: its time and its owner."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, path.read_bytes(), compress_type=zipfile.ZIP_DEFLATED, compresslevel=archive.compresslevel)


def _wheels(requirements: Path) -> tuple[Path, str]:
    """A folder with the wheels that a requirements file needs in the training image, and their pinned names."""

    def download(folder: Path) -> None:
        pinned = folder / "requirements.txt"
        omitted = [argument for package in _IN_THE_IMAGE for argument in ("--no-emit-package", package)]
        source = ["--constraint", str(LOCK), str(requirements), "--output-file", str(pinned)]
        _uv("pip", "compile", "--generate-hashes", "--no-annotate", "--no-header", *LAMBDA_PLATFORM, *omitted, *source)
        platforms = [argument for platform in WHEEL_PLATFORMS for argument in ("--platform", platform)]
        target = ["--python-version", PYTHON_VERSION, "--only-binary", ":all:", "--dest", str(folder)]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--require-hashes"]
        run([*pip, *platforms, *target, "--requirement", str(pinned)])

    folder = cached("wheels", [requirements, LOCK], [], download)
    lines = (folder / "requirements.txt").read_text().splitlines()
    return folder, "".join(f"{line.split()[0]}\n" for line in lines if line and not line[0].isspace())


def cached(label: str, files: list[Path], words: list[str], build: Callable[[Path], None]) -> Path:
    """The folder that `build` fills, kept until one of the files or words changes."""
    digest = hashlib.sha256("\0".join(words).encode())
    for file in files:
        digest.update(file.read_bytes())
    folder = BUILD / "packages" / f"{label}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        build(unfinished)
        if folder.exists():  # another synth was faster
            shutil.rmtree(unfinished)
        else:
            unfinished.rename(folder)
    return folder


def _uv(*arguments: str) -> None:
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
