"""What a command has looked at, one finding each, for people and for pipelines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from cli.console import console


class Status(StrEnum):
    """Of a finding. Only FAILED ends a command with exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"  # it could not be looked at, for the reason that the finding gives


_MARKS = {Status.OK: "✓", Status.WARNING: "!", Status.FAILED: "✗", Status.SKIPPED: "-"}
_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red", Status.SKIPPED: "dim"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    Attributes:
        check: the name of what was looked at, the same in every run.
        found: what was seen, as a sentence without a full stop.
        remedy: what to do, with the exact command; empty if there is nothing to do.
    """

    check: str
    status: Status
    found: str
    remedy: str = ""


def failed(findings: Sequence[Finding]) -> bool:
    return any(finding.status == Status.FAILED for finding in findings)


def show(finding: Finding) -> None:
    """Print a finding, with its remedy on the next line."""
    console.print(_MARKS[finding.status], style=_STYLES[finding.status], end=" ")
    console.print(f"{finding.check:<24} {finding.found}", markup=False, soft_wrap=True)
    if finding.remedy:
        console.print(f"{'':<26} → {finding.remedy}", markup=False, soft_wrap=True)


def as_json(findings: Sequence[Finding]) -> str:
    """For `--json`: whether all is well, and each finding."""
    return json.dumps({"ok": not failed(findings), "findings": [asdict(finding) for finding in findings]}, indent=2)
