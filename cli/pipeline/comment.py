"""What a pipeline says of a result: Markdown for the comment on a pull request and the page of a job."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evergreen.judging.card_decision import escape_markdown, markdown
from evergreen.metrics import metric_of

# GitHub refuses a comment of more than 65,536 characters, and two results share one.
_MOST = 30_000
_CUT = "\n... (cut: the rest is in the log of the job)"


def of_training(
    decision: Mapping[str, Any], base: Mapping[str, Any] | None, *, base_name: str, notes: Sequence[str]
) -> str:
    """What Judge says of a change, with its metrics beside those of the branch that it is for.

    Args:
        decision: of the change.
        base: the decision of that branch's own training; None if it could not be trained.
        notes: sentences on what the comparison is worth.
    """
    verdict = "the model would be promoted" if decision["promote"] else "the model would not be promoted"
    return "\n".join(
        [
            f"## Training: {verdict}",
            "",
            f"{_plain(decision['reason'])}.",
            "",
            *_metrics(decision, base, base_name),
            "",
            "<details><summary>The gates of promotion</summary>",
            "",
            _without_mentions(markdown(decision)),
            "",
            "</details>",
            "",
            *(f"- {_plain(note)}" for note in notes),
        ]
    )


def of_no_training(why: str, *, failed: bool) -> str:
    """Why nothing was trained, or how the training has failed."""
    return f"## Training: {'it failed' if failed else 'none'}\n\n{fenced(why) if failed else _plain(why)}\n"


def of_gates(decision: Mapping[str, Any]) -> str:
    """Judge's decision about one version, with its metrics."""
    return "\n".join(
        [
            f"## Version {decision['version']}",
            "",
            _without_mentions(markdown(decision)),
            "",
            *_metrics(decision, None, ""),
        ]
    )


def write(text: str, file: Path) -> None:
    """Write what is said to a file, with the folder that it is in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


def fenced(text: str) -> str:
    """As a block of code, whatever stands in the text."""
    if len(text) > _MOST:
        text = text[:_MOST] + _CUT
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _metrics(decision: Mapping[str, Any], base: Mapping[str, Any] | None, base_name: str) -> list[str]:
    """A table of the metrics on the holdout; the one that decides stands first."""
    chosen, own = decision["metrics"]["metric"], decision["metrics"]["holdout"]
    theirs = base["metrics"]["holdout"] if base else {}
    names = [chosen, *(name for name in own if name != chosen)]
    head = ["metric", "here", *([_plain(base_name)] if base else []), "baseline"]
    baseline = decision["metrics"]["baseline"]
    rows = [
        [
            f"**{name}**" if name == chosen else name,
            *(_value(name, values) for values in (own, *([theirs] if base else []), baseline)),
        ]
        for name in names
    ]
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---", *["--:"] * (len(head) - 1)], *rows)]


def _plain(text: str) -> str:
    """Text that may be anybody's, for a line of a comment."""
    return _without_mentions(escape_markdown(text))


def _without_mentions(text: str) -> str:
    """A name in a table must not call somebody into a discussion."""
    return text.replace("@", "@\N{ZERO WIDTH SPACE}")


def _value(name: str, values: Mapping[str, Any]) -> str:
    value = values.get(name)
    return "" if value is None else metric_of(name).text(value)
