"""Every command that README.md, CONTRIBUTING.md and docs/ show runs, in its cheapest form, so that none can rot."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import botocore.session
import pytest
from typer.main import get_command

from cli.main import app
from cli.verbs import VERBS
from evergreen.names import PIPELINE_STACK, ROUTES
from infra.environments import ENVIRONMENTS
from tests.repository.documentation import OTHER_BLOCKS, blocks, commands, pages

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = os.pathsep.join([str(Path(sys.executable).parent), str(CHECKOUT / "node_modules" / ".bin"), os.defpath])


def run(*words: str) -> str:
    """What a program prints; it must succeed."""
    settings = {**os.environ, "PATH": TOOLS, "CDK_DISABLE_VERSION_CHECK": "1", "MAKEFLAGS": ""}
    answer = subprocess.run(words, cwd=CHECKOUT, env=settings, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{' '.join(words)} failed:\n{answer.stdout}{answer.stderr}"
    return answer.stdout


def make(*targets: str) -> None:
    """A dry run: the target is there, and so is all that it needs."""
    run("make", "--dry-run", *targets)


def evergreen(*words: str) -> None:
    """Its own parser takes the words: verb, options and arguments. A verb alone is its name."""
    if len(words) == 1:
        assert words[0] in VERBS
        return
    group, arguments, context = get_command(app), list(words), None
    while True:
        context = group.make_context(group.name or "evergreen", arguments, parent=context)
        if not hasattr(group, "commands"):
            return
        _, group, arguments = group.resolve_command(context, [*context._protected_args, *context.args])


def cdk(verb: str, *words: str) -> None:
    """The verb is one of the CDK's, the stack one of ours."""
    assert f"cdk {verb}" in run("cdk", verb, "--help")
    stacks = {PIPELINE_STACK, *(f"evergreen-{environment.name}" for environment in ENVIRONMENTS)}
    assert {word for word in words if word.startswith("evergreen-")} <= stacks


def python(flag: str, module: str, *words: str) -> None:
    """Prints its own page, or the document that it makes."""
    assert flag == "-m"
    run(sys.executable, flag, module, *(["--help"] if module.startswith("benchmarks.") else words))


def pytest_(*words: str) -> None:
    run(sys.executable, "-m", "pytest", "--collect-only", *words)


def dvc(verb: str, *words: str) -> None:
    run("dvc", verb, "--help", *words)


def curl(*words: str) -> None:
    """It knows the options."""
    known = run("curl", "--help", "all").split()
    assert {word for word in words if word.startswith("-")} <= {word.rstrip(",") for word in known}


def ask(route: str, *_words: str) -> None:
    """The function that `make up` prints; tests/end_to_end calls it."""
    assert any(known.endswith(f" /{route}") for known in ROUTES)


def shell(*words: str) -> None:
    """A shell's own command, whose file is there."""
    run("bash", "-c", " ".join(words))


def ship(*_words: str) -> None:
    """Says what it takes; tests/repository/test_workflows.py runs it."""
    run("scripts/ship.sh", "--help")


def aws(service: str, operation: str, *words: str) -> None:
    """AWS's own model of the service has the operation, and a member for each option."""
    name = "".join(part.title() for part in operation.split("-"))
    members = botocore.session.get_session().get_service_model(service).operation_model(name).input_shape.members
    options = {"".join(part.title() for part in word[2:].split("-")) for word in words if word.startswith("--")}
    assert options <= set(members)


def pip(verb: str, requirement: str) -> None:
    """Installs what a counterpart's lock has."""
    assert verb == "install"
    locks = [lock.read_text() for lock in (CHECKOUT / "integrations").glob("*/requirements.txt")]
    assert any(f"\n{requirement} " in lock for lock in locks), requirement


def sed(script: str, file: str) -> None:
    """Something is replaced in a file that is there."""
    assert run("sed", script, file) != (CHECKOUT / file).read_text()


def envoy(flag: str, _file: str) -> None:
    """Takes the file that the command before has written; tests/counterparts runs it."""
    assert flag == "--config-path"


def cp(flag: str, *files: str) -> None:
    """What is copied is there."""
    assert flag == "-r"
    assert [file for file in files[:-1] if not (CHECKOUT / file).exists()] == []


def ls(_flag: str, folder: str) -> None:
    assert folder == ".build/functions", "what `make synth` writes; see infra/packages/function_zip.py"


def on_files(*words: str) -> None:
    """A program that is no part of the checkout: what it is given of the checkout is there."""
    named = [word.partition(":")[0].removeprefix("$PWD/") for word in words if "integrations/" in word]
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def of_counterpart(flag: str, module: str, *_words: str) -> None:
    """A program of integrations/ in an environment of its own; tests/counterparts runs it."""
    assert flag == "-m"
    assert (CHECKOUT / f"{module.replace('.', '/')}.py").exists()


RUNNERS: dict[str, Callable[..., None]] = {
    "make": make,
    "evergreen": evergreen,
    "cdk": cdk,
    "python": python,
    "pytest": pytest_,
    "dvc": dvc,
    "curl": curl,
    "ask": ask,
    "source": lambda *words: shell("source", *words),
    "export": lambda *words: shell("export", *(f"'{word}'" for word in words)),
    "scripts/ship.sh": ship,
    "ls": ls,
    "aws": aws,
    "pip": pip,
    "sed": sed,
    "envoy": envoy,
    # tests/counterparts/prometheus runs the first two.
    "prometheus": on_files,
    "promtool": on_files,
    "sudo": on_files,
    "docker": on_files,
    ".venv-integrations/grafana/bin/python": of_counterpart,
    "cp": cp,
}
# One test for each command, however often it is shown.
SHOWN = {" ".join(command.words): command for command in commands(CHECKOUT, RUNNERS)}


@pytest.mark.parametrize("shown", SHOWN)
def test_a_command_of_the_documentation_runs(shown):
    command = SHOWN[shown]
    program, *words = command.words

    assert program in RUNNERS, f"{command.page}:{command.line}: no way to try {program!r}; add one to RUNNERS"
    RUNNERS[program](*words)


def test_every_block_says_whether_it_is_typed():
    wrong = [
        f"{page.name}:{line}: ```{language}"
        for page in pages(CHECKOUT)
        for language, line, _ in blocks(page.read_text())
        if language not in ("sh", *OTHER_BLOCKS)
    ]
    assert wrong == []


def test_commands_are_found():
    assert {"make demo", "make test", "evergreen train --data 7de272", "cdk deploy evergreen-dev"} <= SHOWN.keys()
