"""GitHub's REST API, as far as the set-up of a pipeline needs it (https://docs.github.com/rest)."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import Any

from evergreen.errors import CommandFailed

_VERSION = "2022-11-28"
_TIMEOUT = 30  # seconds
_NO_TOKEN = (
    "no login at GitHub: run `gh auth login`, or set GH_TOKEN to a token with the scope `repo` (a fine-grained one "
    "needs Administration, Environments and Variables: write)"
)


class NotFound(CommandFailed):
    """GitHub answers 404: there is no such thing, or the token may not see it."""


@dataclass(frozen=True)
class GitHub:
    """Calls with one token.

    Attributes:
        url: of the API, without a slash at its end.
    """

    url: str
    token: str

    @classmethod
    def from_environment(cls) -> "GitHub":
        """At GITHUB_API_URL, with the token in GH_TOKEN or GITHUB_TOKEN, or that of the `gh` command.

        Raises:
            CommandFailed: there is no token.
        """
        token = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN") or _token_of_gh()
        if not token:
            raise CommandFailed(_NO_TOKEN)
        return cls(os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"), token)

    def get(self, path: str) -> dict[str, Any]:
        return self.send("GET", path)

    def find(self, path: str) -> dict[str, Any] | None:
        """What is there; None if nothing is."""
        try:
            return self.get(path)
        except NotFound:
            return None

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer to a request; empty if GitHub has nothing to say.

        Raises:
            NotFound: 404.
            CommandFailed: GitHub refuses for another reason, or cannot be reached.
        """
        request = urllib.request.Request(
            f"{self.url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "evergreen",
                "X-GitHub-Api-Version": _VERSION,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                return dict(json.loads(answer.read() or b"{}"))
        except urllib.error.HTTPError as error:
            raise _refusal(error, method, path) from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise CommandFailed(f"GitHub cannot be reached at {self.url}: {reason}") from error


def _token_of_gh() -> str:
    if not shutil.which("gh"):
        return ""
    answer = subprocess.run(["gh", "auth", "token"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _refusal(error: urllib.error.HTTPError, method: str, path: str) -> CommandFailed:
    said, asked = _words(error), f"{method} {path}"
    if error.code in (403, 429) and (until := _limited(error.headers)):
        return CommandFailed(f"GitHub takes no more requests with this token for now (rate limit): try again {until}")
    if error.code == 401:
        return CommandFailed(
            f"GitHub refuses the token: {said}. Log in again with `gh auth login`, or set GH_TOKEN anew"
        )
    if error.code == 403:
        return CommandFailed(
            f"the token may not {asked}: {said}. It needs the scope `repo` and the role of an administrator of the "
            "repository (a fine-grained token: Administration, Environments and Variables: write)"
        )
    if error.code == 404:
        return NotFound(
            f"GitHub finds nothing at {asked}: it is not there, or the token may not see it (scope `repo`; a "
            "fine-grained token: Administration, Environments and Variables: write)"
        )
    return CommandFailed(f"GitHub answers {error.code} to {asked}: {said}")


def _words(error: urllib.error.HTTPError) -> str:
    """GitHub's own message, and what it says of single fields."""
    try:
        body = json.loads(error.read())
        details = [item if isinstance(item, str) else item.get("message", "") for item in body.get("errors") or []]
        return ": ".join(filter(None, [body.get("message", error.reason), "; ".join(filter(None, details))]))
    except (ValueError, AttributeError):
        return str(error.reason)


def _limited(headers: Message) -> str:
    """When requests are taken again, in words; empty if no limit was reached."""
    if wait := headers.get("retry-after"):
        return f"in {wait} s"
    if headers.get("x-ratelimit-remaining") == "0":
        reset = headers.get("x-ratelimit-reset", "")
        return f"after {datetime.fromtimestamp(int(reset), UTC):%H:%M} UTC" if reset.isdigit() else "in an hour"
    return ""
