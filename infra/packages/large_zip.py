"""A zip of packages too large for a function, which the function unpacks itself: functions/<name>/packages.txt.

Only what the function imports is compiled, a tenth of the modules: all of them would take a minute.
"""

import json
import py_compile
import shutil
import sys
import warnings
from functools import cache
from pathlib import Path

from infra.packages.build import (
    CHECKOUT,
    LOCK,
    build_words,
    cached,
    compiles,
    install,
    platform_of,
    run,
    zip_folder,
)

# Required by Evidently's server and by its models of language and time, and never imported by a check.
_NEVER_IMPORTED = (
    "statsmodels",
    "faker",
    "uvloop",
    "cryptography",
    "jupyterlab_plotly",
    "share",
    "etc",
    "pyarrow/include",
)

# Draws a small report, and prints the files of all modules that it took, as they lie below site-packages.
_PROGRAM = """
import json, sys
import pandas as pd
from evergreen.contract.feature import Feature
from evergreen.monitoring.drift.comparison import compare
from evergreen.settings.sections import DriftSettings
import functions.check_drift.check, pyarrow.parquet
from evergreen.monitoring.drift.report import EvidentlyMeasure
rows = pd.DataFrame({"number": [float(i % 7) for i in range(99)], "text": list("abc") * 33})
features = [Feature(name=name, type=kind, missing_allowed=False, categories=tuple("abc"))
            for name, kind in (("number", "number"), ("text", "category"))]
compare(rows, rows, features, DriftSettings(), measure=EvidentlyMeasure(DriftSettings()))
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
print(json.dumps([file.rpartition("site-packages/")[2] for file in files if "site-packages/" in file]))
"""


@cache
def large_zip(name: str, *, for_this_machine: bool = False) -> Path:
    """The zip of what functions/<name>/packages.txt names.

    Raises:
        PackagingError: a package could not be fetched.
    """
    requirements = CHECKOUT / "functions" / name / "packages.txt"
    platform = platform_of(for_this_machine=for_this_machine)

    def build(folder: Path) -> None:
        installed = folder / "installed"
        install(requirements, installed, platform)
        for unneeded in _NEVER_IMPORTED:
            shutil.rmtree(installed / unneeded, ignore_errors=True)
        if compiles(platform):
            _compile_what_is_imported(installed)
        zip_folder(installed, folder / f"{name}.zip", level=1)

    words = [*build_words(platform), Path(__file__).read_text()]
    return cached(f"{name}-large", [requirements, LOCK], words, build) / f"{name}.zip"


def _compile_what_is_imported(installed: Path) -> None:
    """Compile the modules that a check imports in this checkout, whose packages have the same versions."""
    last_line = run([sys.executable, "-W", "ignore", "-c", _PROGRAM]).splitlines()[-1]
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    with warnings.catch_warnings():
        # Of the packages' own code.
        warnings.simplefilter("ignore", SyntaxWarning)
        for name in json.loads(last_line):
            source = installed / name
            if source.suffix == ".py" and source.is_file():
                py_compile.compile(str(source), doraise=True, dfile=name, invalidation_mode=unchecked)
