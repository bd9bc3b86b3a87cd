"""The sum of the leaves of many trees: a walk at first, and Python made of the trees once it has paid off.

To compile two hundred trees takes as long as to walk through them for seven hundred rows, and makes each row two to
three times as fast. Compiled at once, it would be a part of each cold start. The additions are the same, in the same
order: no bit of a sum changes.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from evergreen.portable.nodes import Node, total

# Rows after which the trees are compiled.
ROWS = 2000
# Compiled with one row: Python's compiler takes 3 kB a node, which the process keeps, and 12 microseconds.
NODES_AT_ONCE = 1000
# Beyond these, what is compiled is too large, or Python's compiler gives up.
_MOST_NODES = 50_000
_DEEPEST = 60

Compiled = Callable[[Sequence[Any], float], float]


class Total:
    """Adds the leaves that a row falls into to a start, one by one in the order of the trees."""

    def __init__(self, roots: Sequence[Node]) -> None:
        # The first trees, and those that are walked through still.
        self._compiled: list[Compiled] = []
        self._roots = roots
        self._rows, self._due = 0, float(ROWS)

    def __call__(self, start: float, values: Sequence[Any]) -> float:
        if self._roots:
            self._rows += 1
            if self._rows >= self._due:
                self._compile_more()
        for add in self._compiled:
            start = add(values, start)
        return total(self._roots, start, values)

    def _compile_more(self) -> None:
        if not self._compiled and not fits(self._roots):
            self._due = math.inf
            return
        count = nodes = 0
        while count < len(self._roots) and nodes < NODES_AT_ONCE:
            nodes += _nodes(self._roots[count])
            count += 1
        self._compiled.append(compiled(self._roots[:count]))
        self._roots = self._roots[count:]


def fits(roots: Sequence[Node]) -> bool:
    """Whether the trees are few and flat enough to be compiled."""
    return sum(map(_nodes, roots)) <= _MOST_NODES and all(_depth(root) <= _DEEPEST for root in roots)


def compiled(roots: Sequence[Node]) -> Compiled:
    """A function of the values and a start, of trees that fit."""
    names: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
    lines = [f"    t += {_expression(root, names)}\n" for root in roots]
    source = f"def add(v, t):\n{''.join(lines)}    return t\n"
    # Nothing of it is anybody's text: a tree is numbers, and sets of numbers by a name of ours.
    exec(compile(source, "<trees>", "exec"), names)
    function: Compiled = names["add"]
    return function


def _expression(node: Node, names: dict[str, Any]) -> str:
    if type(node) is not tuple:
        return repr(float(node))
    column, test, left, right = node
    if isinstance(test, frozenset):
        name = f"s{len(names)}"
        names[name] = test
    else:
        name = repr(float(test))
    return f"({_expression(left, names)} if v[{int(column)}] <= {name} else {_expression(right, names)})"


def _nodes(root: Node) -> int:
    count, pending = 0, [root]
    while pending:
        node = pending.pop()
        count += 1
        if type(node) is tuple:
            pending += node[2:]
    return count


def _depth(root: Node) -> int:
    deepest, pending = 0, [(root, 0)]
    while pending:
        node, depth = pending.pop()
        deepest = max(deepest, depth)
        if type(node) is tuple:
            pending += [(node[2], depth + 1), (node[3], depth + 1)]
    return deepest
