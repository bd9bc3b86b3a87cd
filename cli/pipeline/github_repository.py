"""A repository on GitHub: its name from Git, its environments and its variables, each changed only if it differs."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cli.data.git import Git
from cli.pipeline.github_api import GitHub, NotFound
from evergreen import names
from evergreen.errors import CommandFailed

_NAME = re.compile(r"[:/](?P<owner>[^/:]+)/(?P<repo>[^/]+?)(?:\.git)?/?$")


def repository_of(git: Git) -> str:
    """OWNER/REPO of the remote `origin`.

    Raises:
        CommandFailed: there is no such remote, or its address names no repository.
    """
    try:
        url = git.run("remote", "get-url", "origin").strip()
    except CommandFailed as error:
        raise CommandFailed(
            "this clone has no remote `origin`: push it to GitHub first, or name the repository: "
            "evergreen github --repository OWNER/REPO"
        ) from error
    found = _NAME.search(url)
    if not found:
        raise CommandFailed(f"the remote origin, {url}, names no repository: give it with --repository OWNER/REPO")
    return checked(f"{found['owner']}/{found['repo']}")


def checked(name: str) -> str:
    """
    Raises:
        CommandFailed: it is not OWNER/REPO in characters that GitHub allows.
    """
    if "@" in name or not re.fullmatch(names.REPOSITORY, name):
        raise CommandFailed(f"{name} is not a repository of GitHub: expected OWNER/REPO")
    return name


@dataclass(frozen=True)
class Change:
    """One request that changes something, and the same as a command of `gh`.

    Attributes:
        what: for a person: "variable AWS_ROLE_DEV = ...".
    """

    what: str
    method: str
    path: str
    body: Mapping[str, Any]

    @property
    def command(self) -> str:
        """For a shell, with the body as gh's own fields where it is flat, else on its standard input."""
        if all(isinstance(value, str) for value in self.body.values()):
            fields = [f"-f {shlex.quote(f'{name}={value}')}" for name, value in self.body.items()]
            return " ".join([f"gh api --method {self.method} {shlex.quote(self.path)}", *fields])
        return (
            f"gh api --method {self.method} {shlex.quote(self.path)} --input - <<< {shlex.quote(json.dumps(self.body))}"
        )


class Repository:
    """Reads a repository, and says which requests would make it as it should be."""

    def __init__(self, github: GitHub, name: str) -> None:
        """
        Raises:
            CommandFailed: GitHub does not know it, the token's owner is no administrator of it, or it has another name
                by now.
        """
        self._github = github
        try:
            self._found = github.get(f"repos/{name}")
        except NotFound as error:
            raise CommandFailed(
                f"GitHub has no repository {name}, or the token may not see it: look at the name, or use a token with "
                "the scope `repo`"
            ) from error
        self.name = str(self._found["full_name"])
        if self.name != name:
            raise CommandFailed(
                f"{name} is called {self.name} on GitHub, and AWS compares the letters as they are. Run: "
                f"git remote set-url origin ..., or evergreen github --repository {self.name}"
            )
        if not self._found.get("permissions", {}).get("admin"):
            raise CommandFailed(f"the token's owner is no administrator of {name}, who alone may change its settings")

    @property
    def branch(self) -> str:
        """The default branch."""
        return str(self._found["default_branch"])

    def for_aws(self) -> str:
        """The repository as the tokens of its workflows name it: with numbers, if GitHub adds them.

        Raises:
            CommandFailed: its tokens have a subject of its owner's making, which no role of ours trusts.
        """
        sub = self._github.find(f"repos/{self.name}/actions/oidc/customization/sub") or {}
        if not sub.get("use_default", True):
            path = f"repos/{self.name}/actions/oidc/customization/sub"
            raise CommandFailed(
                f"the tokens of {self.name} have a subject of your own making, which the roles would not trust. Go "
                f"back to GitHub's with: gh api --method PUT {path} -F use_default=true"
            )
        if prefix := sub.get("sub_claim_prefix"):
            return str(prefix).removeprefix("repo:")
        if not sub.get("use_immutable_subject"):
            return self.name
        owner, _, name = self.name.partition("/")
        return f"{owner}@{self._found['owner']['id']}/{name}@{self._found['id']}"

    def environment_changes(self, environment: str, *, reviewers: list[str]) -> list[Change]:
        """An environment that only the default branch may use, whose jobs wait for one of the reviewers.

        One that is there already keeps its rules: they are its owner's.
        """
        path = f"repos/{self.name}/environments/{quote(environment, safe='')}"
        if self._github.find(path) is not None:
            return []
        ids = [{"type": "User", "id": self._github.get(f"users/{quote(login)}")["id"]} for login in reviewers]
        waits = f", waits for {' or '.join(reviewers)}" if reviewers else ""
        return [
            Change(
                f"environment {environment}: only of {self.branch}{waits}",
                "PUT",
                path,
                {
                    **({"reviewers": ids} if ids else {}),
                    "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
                },
            ),
            Change(
                f"environment {environment}: branch {self.branch}",
                "POST",
                f"{path}/deployment-branch-policies",
                {"name": self.branch},
            ),
        ]

    def rules(self, environment: str) -> str:
        """What an environment that is there lacks of what the roles rely on; empty if nothing."""
        found = self._github.find(f"repos/{self.name}/environments/{quote(environment, safe='')}")
        if found is not None and not found.get("deployment_branch_policy"):
            return (
                f"every branch may use the environment {environment}, and so deploy with its role: restrict it to "
                f"{self.branch} in the repository's settings"
            )
        return ""

    def variable_changes(self, values: Mapping[str, str]) -> list[Change]:
        """The variables that are missing or have another value."""
        folder = f"repos/{self.name}/actions/variables"
        changes = []
        for name, value in values.items():
            found = self._github.find(f"{folder}/{name}")
            if found is None:
                changes.append(Change(f"variable {name} = {value}", "POST", folder, {"name": name, "value": value}))
            elif found["value"] != value:
                changes.append(
                    Change(f"variable {name} = {value}", "PATCH", f"{folder}/{name}", {"name": name, "value": value})
                )
        return changes

    def apply(self, change: Change) -> None:
        """
        Raises:
            CommandFailed: GitHub refuses.
        """
        self._github.send(change.method, change.path, change.body)

    def login(self) -> str:
        """Of the token's owner."""
        return str(self._github.get("user")["login"])
