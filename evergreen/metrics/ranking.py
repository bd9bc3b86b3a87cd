"""Measures of how well probabilities rank the rows: those of a class above all others.

Of two classes it is the positive one that counts, of more the mean over the classes, each against the rest. A class
that no row has does not count; where none is left, the measure is not known: not a number.
"""

import math
from collections.abc import Callable
from itertools import groupby

from evergreen.metrics.outcomes import Outcomes, mean

# Rows of one score, the highest first: how many are of the class, and how many are not.
Groups = list[tuple[int, int]]


def roc_auc(outcomes: Outcomes) -> float:
    """Probability that a row of the class has a higher score than another row: 0.5 for a model that guesses."""
    return _mean_over_classes(outcomes, _roc_auc)


def average_precision(outcomes: Outcomes) -> float:
    """Precision at each row of the class, averaged: for a model that guesses, the share of the class."""
    return _mean_over_classes(outcomes, _average_precision)


def recall_at_precision(outcomes: Outcomes, *, level: float) -> float:
    """Largest share of the class that some threshold finds with at least this precision; 0 if none has it."""
    return _mean_over_classes(outcomes, lambda groups: _recall_at_precision(groups, level))


def _mean_over_classes(outcomes: Outcomes, measure: Callable[[Groups], float]) -> float:
    found = [measure(_groups(outcomes, label)) for label in outcomes.ranked_classes]
    known = [value for value in found if not math.isnan(value)]
    return mean(known) if known else math.nan


def _groups(outcomes: Outcomes, label: str) -> Groups:
    column = list(outcomes.classes).index(label)
    scored = sorted(
        ((row[column], actual == label) for actual, row in zip(outcomes.actual, outcomes.probabilities, strict=True)),
        reverse=True,
    )
    groups = []
    for _, rows in groupby(scored, key=lambda row: row[0]):
        of_class = [is_one for _, is_one in rows]
        groups.append((sum(of_class), len(of_class) - sum(of_class)))
    return groups


def _roc_auc(groups: Groups) -> float:
    ones, others = (sum(column) for column in zip(*groups, strict=True))
    if not ones or not others:
        return math.nan
    # Twice the pairs that are in order; of equal scores, half are.
    twice, above = 0, 0
    for one, other in groups:
        twice += other * (2 * above + one)
        above += one
    return float(twice / (2 * ones * others))


def _average_precision(groups: Groups) -> float:
    ones = sum(one for one, _ in groups)
    if not ones:
        return math.nan
    terms, found, named = [], 0, 0
    for one, other in groups:
        found, named = found + one, named + one + other
        terms.append(one * (found / named))
    return math.fsum(terms) / ones


def _recall_at_precision(groups: Groups, level: float) -> float:
    ones = sum(one for one, _ in groups)
    if not ones:
        return math.nan
    best, found, named = 0, 0, 0
    for one, other in groups:
        found, named = found + one, named + one + other
        if found / named >= level:
            best = found
    return best / ones
