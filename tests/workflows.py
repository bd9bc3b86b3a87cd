"""The workflows for GitHub as tests read them, and their steps as a shell runs them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1] / ".github"
PULL_REQUEST, MAIN = "pull-request", "main"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*}}")


@dataclass(frozen=True)
class Step:
    """One step of a job, with the variables that the job and the workflow give it."""

    job: str
    name: str
    content: dict[str, Any]
    variables: dict[str, str]

    @property
    def run(self) -> str:
        return str(self.content.get("run", ""))

    @property
    def uses(self) -> str:
        return str(self.content.get("uses", "")).partition("@")[0]

    @property
    def condition(self) -> str:
        """Without the braces, which GitHub does without here."""
        return _EXPRESSION.sub(r"\1", str(self.content.get("if", "")))


class Workflow:
    """A file of .github/workflows."""

    def __init__(self, name: str) -> None:
        self.file = FOLDER / "workflows" / f"{name}.yml"
        self.text = self.file.read_text()
        self.content = yaml.safe_load(self.text)
        self.jobs: dict[str, dict[str, Any]] = self.content["jobs"]

    @property
    def events(self) -> Any:
        # YAML 1.1 reads the key `on` as true.
        return self.content[True]

    def steps(self, job: str) -> list[Step]:
        found = self.jobs[job]
        return [
            Step(
                job,
                step.get("name") or step.get("uses", ""),
                step,
                {**found.get("env", {}), **step.get("env", {})},
            )
            for step in found["steps"]
        ]

    def all_steps(self) -> list[Step]:
        return [step for job in self.jobs for step in self.steps(job)]


def composite_steps() -> list[dict[str, Any]]:
    """Of the action that sets the tools up."""
    return list(yaml.safe_load((FOLDER / "actions" / "setup" / "action.yml").read_text())["runs"]["steps"])


def filled(text: str, contexts: dict[str, str]) -> str:
    """A text with its expressions replaced. Raises KeyError for one that is not named."""
    return _EXPRESSION.sub(lambda found: contexts[found[1]], text)


def expressions(text: str) -> list[str]:
    return _EXPRESSION.findall(text)
