"""Which folder may import which, and which packages live in one place."""

import ast
import tomllib
from graphlib import TopologicalSorter

import pytest

OURS = {"evergreen", "functions", "training", "local", "cli", "infra", "benchmarks", "integrations", "app"}
MAY_IMPORT = {
    "evergreen": {"evergreen"},
    "functions": {"evergreen", "functions"},
    "training": {"evergreen", "training"},
    "local": OURS - {"infra", "benchmarks", "integrations", "app"},
    "cli": OURS - {"infra", "benchmarks", "integrations", "app"} | {"infra.environments"},
    "infra": {"evergreen.names", "infra"},
    "integrations": {"evergreen", "integrations"},
}


def imports(file):
    """Every module that a file imports, those inside functions included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            # `from evergreen import names` imports a module, `from evergreen.names import x` one of its names.
            parts = [f"{node.module}.{alias.name}" for alias in node.names] if node.module in OURS else [node.module]
            yield from parts


def files(checkout, folder):
    found = sorted((checkout / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_folders_import_only_what_they_may(checkout, folder):
    for file in files(checkout, folder):
        for module in imports(file):
            if module.partition(".")[0] in OURS:
                allowed = any(module == name or module.startswith(f"{name}.") for name in MAY_IMPORT[folder])
                assert allowed, f"{file.relative_to(checkout)} imports {module}"


def rooms(checkout, folder):
    """The rooms of a folder, and which rooms each imports: a sub-folder is a room, and so is a module beside them."""
    found = {}
    for file in files(checkout, folder):
        room, *_ = file.relative_to(checkout / folder).with_suffix("").parts
        for module in imports(file):
            parts = module.split(".")
            if parts[0] == folder and len(parts) > 1 and parts[1] != room:
                found.setdefault(room, set()).add(parts[1])
        found.setdefault(room, set())
    return found


@pytest.mark.parametrize("folder", ["evergreen", "functions", "training", "infra", "cli", "local", "benchmarks"])
def test_no_rooms_of_a_folder_import_each_other_in_a_circle(checkout, folder):
    graph = TopologicalSorter(rooms(checkout, folder))

    graph.prepare()  # raises CycleError, which names the circle


def importers(checkout, package):
    return {
        file.relative_to(checkout).as_posix()
        for folder in MAY_IMPORT
        for file in files(checkout, folder)
        if any(module.partition(".")[0] == package for module in imports(file))
    }


def test_mlflow_is_imported_by_its_one_client_and_the_embedded_clouds_server(checkout):
    assert importers(checkout, "mlflow") == {"evergreen/tracking.py", "local/mlflow_app.py"}


def test_scikit_learn_is_imported_by_training_only(checkout):
    folders = {file.partition("/")[0] for file in importers(checkout, "sklearn")}
    assert folders == {"training"}


def test_the_client_of_a_mirror_is_imported_by_a_program_of_its_own_only(checkout):
    assert importers(checkout, "wandb") == {"training/mirroring/wandb_run.py"}


def test_evidently_is_imported_in_one_module(checkout):
    assert importers(checkout, "evidently") == {"evergreen/monitoring/drift/report.py"}


def test_prometheus_client_is_imported_by_one_verbs_room(checkout):
    room = {"cli/metrics_export/exposition.py", "cli/metrics_export/server.py"}
    assert importers(checkout, "prometheus_client") == room


def test_feast_is_imported_by_programs_of_their_own_only(checkout):
    """It takes seconds, and has an environment of its own."""
    room = "training/feature_store/"
    users = {
        file.relative_to(checkout).as_posix()
        for folder in MAY_IMPORT
        for file in files(checkout, folder)
        if any(module.startswith("training.feature_store") for module in imports(file))
    }

    assert {file for file in importers(checkout, "feast") | users if not file.startswith(room)} == set()


def test_the_types_of_every_aws_service_in_use_are_checked(checkout):
    """A service that is not listed would be Any, without a word."""
    overrides = tomllib.loads((checkout / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (checked,) = (each["module"] for each in overrides if each.get("follow_imports") == "normal")
    nodes = (node for file in files(checkout, "infra") for node in ast.walk(ast.parse(file.read_text())))
    froms = [(node.module, alias.name) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    submodules = {module for module, _ in froms if module.startswith("aws_cdk.")}
    services = {f"aws_cdk.{name}" for module, name in froms if module == "aws_cdk" and name.startswith("aws_")}

    assert set(checked) == submodules | services
