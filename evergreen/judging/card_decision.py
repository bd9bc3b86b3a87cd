"""Puts Judge's decision into a model card, in the place that training marked for it."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from evergreen.errors import BrokenBundle
from evergreen.metrics import metric_of
from evergreen.number_text import number, percent

CARD_HTML = "model_card.html"
CARD_MARKDOWN = "model_card.md"
CARD_FILES = (CARD_HTML, CARD_MARKDOWN)

MARK = "<!-- decision -->"
_HEAD = ("Gate", "Passed", "Why", "Numbers")
# An underscore within a word is not markup, and is hard to read when it is escaped.
_MARKUP = re.compile(r"[\\`*\[\]<>|&~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def quote(card: bytes, decision: Mapping[str, Any], *, name: str) -> bytes:
    """The card with the decision in place of the mark.

    Args:
        card: the content of a file of CARD_FILES.
        decision: what Decision.as_dict returns.
        name: of the file, which tells its form.

    Raises:
        BrokenBundle: the card has no place for a decision.
    """
    text = card.decode()
    if MARK not in text:
        raise BrokenBundle(f"{name} has no line {MARK}, where the decision belongs; train again")
    written = _html(decision) if name == CARD_HTML else markdown(decision)
    return text.replace(MARK, written, 1).encode()


def markdown(decision: Mapping[str, Any]) -> str:
    """The verdict with its reason, and a table of the gates.

    Args:
        decision: what Decision.as_dict returns.
    """
    rows = [f"| {' | '.join(escape_markdown(cell) for cell in row)} |" for row in _rows(decision)]
    rule = "|---" * len(_HEAD) + "|"
    reason = escape_markdown(f"{decision['reason']}.{_trigger(decision)}")
    return "\n".join([f"**{_verdict(decision)}**: {reason}", "", f"| {' | '.join(_HEAD)} |", rule, *rows])


def escape_markdown(text: str) -> str:
    """Text escaped for one line of Markdown, so that none of it is markup."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def _html(decision: Mapping[str, Any]) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in _HEAD)
    rows = (
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in _rows(decision)
    )
    return "\n".join(
        [
            f"<p><strong>{_verdict(decision)}</strong>: {escape(decision['reason'])}.{escape(_trigger(decision))}</p>",
            '<div class="table" role="region" tabindex="0" aria-label="The gates of promotion">',
            "<table>",
            "<caption>The gates of promotion</caption>",
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *rows,
            "</tbody>",
            "</table>",
            "</div>",
        ]
    )


def _verdict(decision: Mapping[str, Any]) -> str:
    return "Promoted" if decision["promote"] else "Not promoted"


def _trigger(decision: Mapping[str, Any]) -> str:
    """Why a training began that nobody has asked for."""
    return f" It was trained because of this: {decision['trigger']}." if "trigger" in decision else ""


def _rows(decision: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (gate["name"], "yes" if gate["passed"] else "no", gate["reason"], _numbers(gate["numbers"]))
        for gate in decision["gates"]
    ]


def _numbers(numbers: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(name, value, numbers.get('metric'))}" for name, value in numbers.items())


def _shown(name: str, value: Any, metric: str | None) -> str:
    """A number of a gate as people read it.

    Args:
        metric: which candidate, champion, baseline and the gain are values of, if the gate compares by one.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if metric and name in ("candidate", "champion", "baseline"):
        return metric_of(metric).text(value)
    if metric and name.startswith("gain"):
        return metric_of(metric).difference_text(value)
    return percent(value) if name in ("confidence", "tolerance") else number(value)
