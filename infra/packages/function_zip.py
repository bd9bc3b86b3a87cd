"""The zip of a function: its code, the code that functions share, and its packages."""

import importlib.util
import py_compile
import shutil
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from infra.packages.build import (
    BUILD,
    CHECKOUT,
    LOCK,
    add,
    build_words,
    cached,
    compiles,
    install,
    platform_of,
    replacing,
    run,
    zip_folder,
)
from infra.packages.reached import reached_from

# The code of a feature store, and the translators of other protocols.
FEATURE_STORE = ("evergreen/feature_store", "functions/online_store")
PROTOCOLS = ("functions/predict/protocols",)


def left_out(*, features: bool, protocols: bool) -> tuple[str, ...]:
    """What the endpoint of a stack without a feature store, or without other protocols, does not carry."""
    return (*(() if features else FEATURE_STORE), *(() if protocols else PROTOCOLS))


@cache
def function_zip(name: str, *, for_this_machine: bool = False, without: tuple[str, ...] = ()) -> Path:
    """The zip of a function: its code, what it shares, and its packages.

    Args:
        name: the folder in functions/.
        for_this_machine: compiled packages for the Python that runs this, instead of Lambda's. The embedded cloud
            takes linked ones instead, see linked.py.
        without: folders of ours that are left out, such as evergreen/feature_store.

    Raises:
        PackagingError: a package could not be fetched.
    """
    platform = platform_of(for_this_machine=for_this_machine)
    packages = _zipped_packages(CHECKOUT / "functions" / name / "requirements.txt", platform)
    package = zip_of(name, "this-machine" if for_this_machine else "lambda", without)
    with replacing(package) as unfinished:
        shutil.copyfile(packages, unfinished)
        with zipfile.ZipFile(unfinished, "a") as archive:
            add_code(archive, name, with_bytecode=compiles(platform), without=without)
    return package


def zip_of(name: str, platform: str, without: tuple[str, ...]) -> Path:
    """Where the zip of a function is built: another place for other content, since two synths may build at once."""
    lacks = "".join(f"-without-{Path(folder).name}" for folder in without)
    return BUILD / "functions" / f"{name}{lacks}-{platform}.zip"


def add_code(archive: zipfile.ZipFile, name: str, *, with_bytecode: bool, without: tuple[str, ...]) -> None:
    """Add the sources that a function reaches, and their bytecode if this Python's is that of the function."""
    for source in reached_from(f"functions/{name}", without=without):
        place = str(source.relative_to(CHECKOUT))
        add(archive, place, source.read_bytes())
        if with_bytecode:
            add(archive, importlib.util.cache_from_source(place), _compiled(place))


def _zipped_packages(requirements: Path, platform: tuple[str, ...]) -> Path:
    """A zip with the packages that a requirements file names, at the lock's versions; the same names, the same zip."""

    def build(folder: Path) -> None:
        installed = folder / "installed"
        install(requirements, installed, platform)
        if compiles(platform):
            # The paths in tracebacks are those in Lambda, whatever folder this is.
            places = ["-s", str(installed), "-p", "/var/task"]
            command = [sys.executable, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
            run([*command, *places, str(installed)])
        # What goes no farther than to another folder need not be small.
        zip_folder(installed, folder / "packages.zip", level=6 if platform else 1)

    return cached("functions", [requirements, LOCK], build_words(platform), build) / "packages.zip"


@cache
def _compiled(place: str) -> bytes:
    """The bytecode of a source file, given from the checkout, which is used without a look at the source's time."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compiled"
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        source = str(CHECKOUT / place)
        py_compile.compile(source, str(file), dfile=f"/var/task/{place}", invalidation_mode=unchecked, doraise=True)
        return file.read_bytes()
