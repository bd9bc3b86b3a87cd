"""What a deployment would change, as a comment says it: from the lines that `cdk diff` prints."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cli.pipeline.comment import fenced

_HEAD = re.compile(r"\[([+~-])\] (\S+::\S+) (\S+)(.*)")
_VALUE = re.compile(r"^[\s│├└─]*\[([+-])\]\s*(.*)$")
# The name of a package of code or of a job is the hash of its content.
_HASH = re.compile(r"[0-9a-f]{64}")
_OF_PERMISSIONS = re.compile(r"AWS::IAM::|Policy$|Permission$")


@dataclass(frozen=True)
class Resource:
    """A resource that a deployment would change.

    Attributes:
        mark: "+" for a new one, "-" for one that is removed, "~" for one that is changed.
        fate: what becomes of it, if it does not stay: "replace", "destroy".
        lines: what changes in it.
    """

    mark: str
    type: str
    path: str
    fate: str
    lines: list[str] = field(default_factory=list)

    @property
    def is_lost(self) -> bool:
        return self.mark == "-" or bool(re.search(r"replace|destroy", self.fate))

    @property
    def has_only_new_code(self) -> bool:
        """Whether nothing changes but the hashes of packages."""
        sides: dict[str, Counter[str]] = {"-": Counter(), "+": Counter()}
        for found in filter(None, map(_VALUE.match, self.lines)):
            sides[found[1]][_HASH.sub("", found[2])] += 1
        return bool(sides["-"]) and sides["-"] == sides["+"] and not self.is_lost


def comment_on(lines: Sequence[str], *, stack: str, against: str) -> str:
    """What a deployment would change.

    Args:
        lines: of `cdk diff`, from after the stack's name on.
        against: what the template was compared with, in words.
    """
    if any(line.startswith("There were no differences") for line in lines):
        return f"## Infrastructure: no change\n\n`{stack}` is as {against}.\n"
    changed = list(_resources(lines))
    only_code = [resource for resource in changed if resource.has_only_new_code]
    others = [resource for resource in changed if not resource.has_only_new_code]
    counts = Counter(resource.mark for resource in others)
    parts = [
        f"{counts[mark]} {word}" for mark, word in (("+", "new"), ("~", "changed"), ("-", "removed")) if counts[mark]
    ]
    if only_code:
        parts.append(f"{len(only_code)} with new code only")
    return "\n".join(
        [
            f"## Infrastructure: {', '.join(parts) or 'no resource changes'}",
            "",
            f"Resources of `{stack}`, compared with {against}.",
            "",
            *_listed("Replaced or removed", [resource for resource in changed if resource.is_lost]),
            *_listed("Permissions", [resource for resource in others if _OF_PERMISSIONS.search(resource.type)]),
            *_listed("All but new code", others),
            "<details><summary>cdk diff</summary>",
            "",
            fenced("\n".join(lines).strip()),
            "",
            "</details>",
            "",
        ]
    )


def _resources(lines: Sequence[str]) -> Iterator[Resource]:
    present: Resource | None = None
    for line in lines:
        if head := _HEAD.match(line):
            if present:
                yield present
            present = Resource(head[1], head[2], head[3], head[4])
        elif present and line.startswith((" ", "│", "├", "└")):
            present.lines.append(line)
        elif present:
            yield present
            present = None
    if present:
        yield present


def _listed(title: str, resources: Sequence[Resource]) -> list[str]:
    if not resources:
        return []
    return [f"**{title}:**", "", *(f"- `{each.mark}` `{each.type}` `{each.path}`" for each in resources), ""]
