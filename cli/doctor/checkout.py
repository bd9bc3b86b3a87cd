"""The checkout: its Python, its packages and the CDK's tools. None of it needs an account."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from cli.doctor.plan import Plan
from cli.findings import Finding, Status

PYTHON = "Python"
PACKAGES = "packages"
TOOLS = "CDK tools"
_SET_UP = "make setup"
# That of pyproject.toml, and of Lambda and of the training image.
_SUPPORTED, _DEPLOYED = ((3, 11), (3, 13)), (3, 12)
# An entry of the lock; the marker says on which Python or system it is for.
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)(?P<marker> ;)?")
# All that a set-up is made from.
_SOURCES = ("requirements.txt", "package-lock.json", "pyproject.toml", "scripts/setup.sh")
_NAMED = 3
_SECONDS = 20


def python(plan: Plan) -> Sequence[Finding]:
    running, (oldest, newest) = sys.version_info[:2], _SUPPORTED
    text = ".".join(map(str, running))
    if not oldest <= running <= newest:
        found = f"{text}; 3.11 to 3.13 are supported"
        return [Finding(check=PYTHON, status=Status.FAILED, found=found, remedy="make PYTHON=python3.12 setup")]
    if running != _DEPLOYED and not plan.embedded:
        found = f"{text}: without 3.12, which Lambda runs, functions go without bytecode and start more slowly"
        remedy = "make clean, then make PYTHON=python3.12 setup"
        return [Finding(check=PYTHON, status=Status.WARNING, found=found, remedy=remedy)]
    return [Finding(check=PYTHON, status=Status.OK, found=text)]


def packages(checkout: Path) -> Sequence[Finding]:
    """What is installed is what the lock says, and no part of the lock is newer than the set-up."""
    lock = checkout / "requirements.txt"
    if not lock.exists():
        return [_failed(PACKAGES, f"{lock} is missing", "git restore requirements.txt")]
    wrong = list(_differences(lock.read_text()))
    if wrong:
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        return [_failed(PACKAGES, f"not those of the lock: {', '.join(wrong[:_NAMED])}{more}", _SET_UP)]
    ready = checkout / ".venv" / ".ready"
    if not ready.exists():
        found = "those of the lock, in another environment than make setup makes"
        return [Finding(check=PACKAGES, status=Status.WARNING, found=found, remedy=_SET_UP)]
    changed = [name for name in _SOURCES if (checkout / name).stat().st_mtime > ready.stat().st_mtime]
    if changed:
        found = f"{', '.join(changed)} changed after the set-up"
        return [Finding(check=PACKAGES, status=Status.WARNING, found=found, remedy=_SET_UP)]
    return [Finding(check=PACKAGES, status=Status.OK, found="those of the lock")]


def tools(checkout: Path) -> Sequence[Finding]:
    """Node, and the CDK's command line in the version of the lock."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    node = shutil.which("node", path=path)
    if node is None:
        return [_failed(TOOLS, "there is no Node, which the CDK needs", _SET_UP)]
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
        locked = json.loads((checkout / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]["version"]
        installed = json.loads((checkout / "node_modules" / "aws-cdk" / "package.json").read_text())["version"]
    except subprocess.SubprocessError as error:
        return [_failed(TOOLS, f"{node} does not run: {error}", _SET_UP)]
    except (OSError, KeyError, ValueError):
        return [_failed(TOOLS, "the CDK command line is not installed in node_modules", _SET_UP)]
    if installed != locked:
        return [_failed(TOOLS, f"aws-cdk is {installed}, and the lock says {locked}", _SET_UP)]
    return [Finding(check=TOOLS, status=Status.OK, found=f"aws-cdk {installed}, Node {said.strip().lstrip('v')}")]


def _differences(lock: str) -> Iterator[str]:
    """Packages that are installed in another version, or not at all."""
    pinned: dict[str, list[str]] = {}
    optional = set()
    for line in lock.splitlines():
        if found := _PIN.match(line):
            name = _normal(found["name"])
            pinned.setdefault(name, []).append(found["version"])
            if found["marker"]:
                optional.add(name)
    installed = {_normal(each.name): each.version for each in metadata.distributions() if each.name}
    for name, versions in pinned.items():
        if name not in installed:
            if name not in optional:
                yield f"{name} is missing"
        elif installed[name] not in versions:
            yield f"{name} {installed[name]} instead of {' or '.join(versions)}"


def _normal(name: str) -> str:
    """As package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _failed(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, status=Status.FAILED, found=found, remedy=remedy)
