"""A function carries the files of ours that it imports, and no others."""

import shutil
import subprocess
import sys

import pytest

from infra.packages.build import CHECKOUT
from infra.packages.reached import reached_from

FUNCTIONS = sorted(file.parent.name for file in (CHECKOUT / "functions").glob("*/handler.py"))
# Imports all of a function's modules, and all families of portable models, from the files alone.
PROGRAM = """
import importlib, pathlib, sys
sys.meta_path[:] = [each for each in sys.meta_path if "editable" not in getattr(each, "__module__", "")]
sys.path[:] = [sys.argv[1], *(path for path in sys.path if path.endswith("site-packages") or "python3" in path)]
for file in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    module = ".".join(file.relative_to(sys.argv[1]).with_suffix("").parts).removesuffix(".__init__")
    if not module.endswith("__main__"):
        assert importlib.import_module(module).__file__ == str(file), module
"""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_nothing_else_of_ours(name, tmp_path):
    for file in reached_from(f"functions/{name}"):
        copy = tmp_path / file.relative_to(CHECKOUT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)

    variables = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "x", "PATH": ""}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    tried = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)

    assert tried.returncode == 0, tried.stderr


def test_the_endpoint_carries_no_gates_and_no_metrics():
    rooms = {file.relative_to(CHECKOUT).parts[1] for file in reached_from("functions/predict")}

    assert not rooms & {"judging", "metrics", "monitoring", "settings", "tracking.py"}
    assert {"contract", "portable", "versions", "predict"} <= rooms
