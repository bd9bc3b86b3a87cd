"""The walk down a decision tree, which all tree ensembles share.

A leaf is its value; a split is (column, test, left, right) and goes left where values[column] <= test. Missing values
need no test of their own: NaN compares false, so it goes right; for splits that send it left, every column stands a
second time in the values, with minus infinity for NaN. Categories are sets of one code each, and their test is the set
of codes that go left: among sets, <= means "is a subset of".
"""

import math
from collections.abc import Callable, Sequence
from operator import add
from typing import Any, NamedTuple

from evergreen.portable.columns import json_number

Node = Any

# In the document: the column of a leaf.
LEAF = -1


class Split(NamedTuple):
    """A split as the library holds it; left and right are the numbers of its children."""

    column: int
    test: float | list[int]
    left: int
    right: int


def export_tree(read: Callable[[int], Split | float | list[float]]) -> dict[str, list[Any]]:
    """A tree as two lists: its nodes from the root, each followed by its left and then by its right branch.

    Args:
        read: the node of a number: a split, or a leaf's value. The root is number 0.
    """
    columns: list[int] = []
    values: list[Any] = []
    pending = [0]
    while pending:
        node = read(pending.pop())
        if isinstance(node, Split):
            columns.append(node.column)
            values.append(node.test if isinstance(node.test, list) else json_number(node.test))
            pending += [node.right, node.left]
        else:
            columns.append(LEAF)
            values.append(node)
    return {"columns": columns, "values": values}


def load_tree(document: dict[str, list[Any]]) -> Node:
    """The root. Read from the end, both branches are there when their split comes."""
    branches: list[Node] = []
    pop = branches.pop
    for column, value in zip(reversed(document["columns"]), reversed(document["values"]), strict=True):
        if column == LEAF:
            branches.append(value)
        elif value.__class__ is list:
            branches.append((column, frozenset(value), pop(), pop()))
        else:
            branches.append((column, float(value), pop(), pop()))
    (root,) = branches
    return root


def with_missing(values: list[Any]) -> list[Any]:
    """The values twice: as they are, and with minus infinity for NaN."""
    return values + [-math.inf if value != value else value for value in values]


def total(roots: Sequence[Node], start: float, values: Sequence[Any]) -> float:
    """The leaves that the values fall into, added to a start one by one in the order of the trees."""
    split = tuple
    for node in roots:
        while type(node) is split:
            column, test, left, right = node
            node = left if values[column] <= test else right
        start += node
    return start


def totals(roots: Sequence[Node], classes: int, values: Sequence[Any]) -> list[float]:
    """The same for leaves that hold a number for each class."""
    split = tuple
    sums = [0.0] * classes
    for node in roots:
        while type(node) is split:
            column, test, left, right = node
            node = left if values[column] <= test else right
        sums = list(map(add, sums, node))
    return sums
