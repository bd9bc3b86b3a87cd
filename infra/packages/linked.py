"""Zips for the embedded cloud on this machine, in which packages are links to what is installed in the checkout.

A zip names a folder with links to the packages that a requirements file names and to what these require, and to
nothing else: a package that the requirements lack is missing here too. Installing, compiling, packing and unpacking
the same packages once more for each function would be a third of a first deployment.
"""

import compileall
import csv
import importlib.metadata
import sys
import sysconfig
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.packages.build import BUILD, CHECKOUT, LOCK, add, cached, replacing
from infra.packages.function_zip import add_code, zip_of

_INSTALLED = Path(sysconfig.get_path("purelib"))


@cache
def linked_function(name: str, *, without: tuple[str, ...] = ()) -> Path:
    """The zip of a function, with a folder in functions/: its code, what it shares, and links to its packages.

    Args:
        without: folders of ours that are left out.
    """
    path = zip_of(name, "linked", without)
    with replacing(path) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        _add_links(archive, CHECKOUT / "functions" / name / "requirements.txt")
        add_code(archive, name, with_bytecode=True, without=without)
    return path


def compile_packages(name: str) -> None:
    """Compile a function's packages where they are installed, as those that AWS gets are, before its first request.

    The predict function has ten seconds for that one, its imports included.
    """
    for link in sorted(_links(CHECKOUT / "functions" / name / "requirements.txt").iterdir()):
        installed = link.resolve()
        if installed.is_dir():
            compileall.compile_dir(installed, quiet=1)
        elif installed.suffix == ".py":
            compileall.compile_file(installed, quiet=1)


@cache
def linked_packages(name: str) -> Path:
    """In place of the large zip of what functions/<name>/packages.txt names."""
    path = BUILD / "functions" / f"{name}-packages-linked.zip"
    with replacing(path) as unfinished, zipfile.ZipFile(unfinished, "w") as archive:
        _add_links(archive, CHECKOUT / "functions" / name / "packages.txt")
    return path


def _add_links(archive: zipfile.ZipFile, requirements: Path) -> None:
    # Python reads the file as one of its own, and adds the folder in it to the places that it imports from.
    add(archive, "linked_packages.pth", f"{_links(requirements)}\n".encode())


def _links(requirements: Path) -> Path:
    """The folder with the links; it lives and dies with what is installed."""

    def build(folder: Path) -> None:
        _link(_required(requirements.read_text().splitlines()), folder)

    return cached("linked", [requirements, LOCK], [], build, parent=Path(sys.prefix))


def _required(lines: list[str]) -> list[importlib.metadata.Distribution]:
    """The installed distributions that the lines of a requirements file name, and all that they require."""
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found: dict[str, importlib.metadata.Distribution] = {}
    followed: set[tuple[str, str]] = set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        distribution = found.setdefault(name, importlib.metadata.distribution(requirement.name))
        required = [Requirement(line) for line in distribution.requires or ()]
        for extra in {"", *requirement.extras}:
            if (name, extra) not in followed:
                followed.add((name, extra))
                wanted += [r for r in required if r.marker is None or r.marker.evaluate({"extra": extra})]
    return list(found.values())


def _link(distributions: list[importlib.metadata.Distribution], folder: Path) -> None:
    """Link a module or package whole if only one distribution has it, else file by file."""
    owners = Counter(
        top for each in importlib.metadata.distributions() for top in {_top(file) for file in _files(each)}
    )
    for file in sorted({file for distribution in distributions for file in _files(distribution)}):
        if owners[_top(file)] > 1:
            _link_one(file, folder)
        elif not (folder / _top(file)).exists():
            (folder / _top(file)).symlink_to(_INSTALLED / _top(file))


def _link_one(file: str, folder: Path) -> None:
    link, target = folder / file, _INSTALLED / file
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    # What one process compiles is there for all others.
    bytecode, compiled = link.parent / "__pycache__", target.parent / "__pycache__"
    if file.endswith(".py") and not bytecode.is_symlink():
        compiled.mkdir(exist_ok=True)
        bytecode.symlink_to(compiled)


def _files(distribution: importlib.metadata.Distribution) -> list[str]:
    """The files of a distribution below site-packages, without bytecode.

    Read from its record: `Distribution.files` looks for each of them on disk, which takes a minute for all.
    """
    record = (distribution.read_text("RECORD") or "").splitlines()
    files = [row[0] for row in csv.reader(record)]
    return [file for file in files if not file.startswith(("..", "/")) and "__pycache__/" not in file]


def _top(file: str) -> str:
    return file.partition("/")[0]
