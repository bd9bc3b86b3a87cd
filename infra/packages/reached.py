"""The project's own files that a function needs: what its code imports, and what that imports."""

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from infra.packages.build import CHECKOUT, sources


def reached_from(folder: str, *, without: Sequence[str] = ()) -> list[Path]:
    """The Python files of a folder, and of all of ours that they import, wherever in a file an import stands.

    Of a room, a folder below the first one, all files are taken: modules of evergreen/portable are imported by name.

    Args:
        folder: from the checkout, such as functions/predict.
        without: folders that are left out, with all that only they reach.
    """
    left_out = [CHECKOUT / each for each in without]
    found: set[Path] = set()
    pending = sources(folder)
    while pending:
        file = pending.pop()
        if file not in found and not any(file.is_relative_to(each) for each in left_out):
            found.add(file)
            for module in _imported(file):
                pending += _files_of(module)
    return sorted(found)


@cache
def _imported(file: Path) -> frozenset[str]:
    """The modules that a file imports; of `from a import b`, both a and a.b, since b may be a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update((node.module, *(f"{node.module}.{name.name}" for name in node.names)))
    return frozenset(found)


@cache
def _files_of(module: str) -> list[Path]:
    """The file of a module of ours, with the rooms that it lies in; none if it is of a package."""
    top, *below = module.split(".")
    if top not in ("evergreen", "functions"):
        return []
    files = [file for file in (CHECKOUT / top / "__init__.py",) if file.exists()]
    place = CHECKOUT.joinpath(top, *below)
    if place.is_dir() and below:
        return [*files, *sources(str(Path(top, below[0])))]
    if not place.with_suffix(".py").exists():
        return files
    return [*files, *(sources(str(Path(top, below[0]))) if len(below) > 1 else [place.with_suffix(".py")])]
