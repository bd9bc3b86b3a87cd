"""What to predict, how to judge it and how to split the rows: guessed, each with its reason."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from evergreen.contract.feature import DATE, NUMBER
from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.number_text import counted, number, share
from evergreen.quoting import shown
from evergreen.settings.sections import GROUP, RANDOM, TIME, SplitSettings
from training.inspection.column import Column, names_a_date
from training.preparing.contract_inference import MAX_CLASSES
from training.preparing.split import moments_of
from training.reading.columns import is_number, labels
from training.reading.source import Source

# Whole numbers are classes if there are few of them, and many rows of each.
_MOST_NUMBERS, _ROWS_OF_EACH = 20, 10
# Relative errors tell more than absolute ones if targets differ by more than this factor.
_SPREAD = 10
# A class of fewer rows than this share is rare.
_FEW = 0.05
_LONGEST_NAME = 40
_BY_ORDER = "order, if the newest rows stand last"

# A guess, and why.
Guess = tuple[str, str]


def task(target: pd.Series) -> Guess:
    """
    Args:
        target: the column with its type.

    Raises:
        InvalidData: it has one value only, or too many classes.
    """
    present = target.dropna()
    distinct = present.nunique()
    if distinct < 2:
        raise InvalidData(
            f"the target {target.name!r} has one value in all rows, {shown(present.iloc[0])}: nothing to predict. "
            "Name another column in --target"
        )
    if is_number(target):
        whole = bool((present == np.floor(present)).all())
        if whole and distinct <= _MOST_NUMBERS and len(present) >= _ROWS_OF_EACH * distinct:
            return CLASSIFICATION, f"the target has {number(distinct)} different whole numbers, taken for classes"
        return REGRESSION, "the target is a number"
    if distinct > MAX_CLASSES:
        raise InvalidData(
            f"the target {target.name!r} has {number(distinct)} different texts; a classification takes 2 to "
            f"{MAX_CLASSES}, and a regression numbers. Merge its labels, or name another column in --target"
        )
    if distinct > len(present) / 2:
        raise InvalidData(
            f"the target {target.name!r} has {number(distinct)} different texts in {number(len(present))} rows, like a "
            "name of each row: nothing to learn. Name another column in --target"
        )
    return CLASSIFICATION, f"the target is one of {number(distinct)} texts"


def rare_class(target: pd.Series, task: str) -> str:
    """The one of two classes that few rows have; empty if there is none."""
    if task != CLASSIFICATION:
        return ""
    shares = labels(target.dropna()).value_counts(normalize=True)
    return str(shares.index[-1]) if len(shares) == 2 and shares.iloc[-1] < _FEW else ""


def metric(target: pd.Series, task: str) -> Guess:
    if rare := rare_class(target, task):
        part = share(int((labels(target.dropna()) == rare).sum()), int(target.notna().sum()))
        return "average_precision", f"{part} of the rows are {shown(rare)}: it judges how well they are found"
    if task == CLASSIFICATION:
        return "log_loss", "judges the probabilities"
    least, most = float(target.min()), float(target.max())
    if least > 0 and most > _SPREAD * least:
        return "mape", "error in percent: the largest target is many times the smallest"
    return "mae", "mean error, in the target's unit"


def split(
    columns: Sequence[Column], table: pd.DataFrame, source: Source, *, time: str, group: str
) -> tuple[SplitSettings, str]:
    """By time or group if a column is named for it, by time if a date orders the rows, else at random."""
    if time:
        return SplitSettings(type=TIME, by=time), "the last rows are kept for judging"
    if group:
        return SplitSettings(type=GROUP, by=group), "whole groups are kept for judging"
    dates = [each for each in columns if each.kind == DATE or (each.kind == NUMBER and names_a_date(each.name))]
    for column in dates:
        if not column.missing and _orders(table[column.name], source):
            return SplitSettings(type=TIME, by=column.name), f"the rows stand in the order of {column.name!r}"
    if dates:
        return SplitSettings(type=RANDOM), f"to predict the future: time, by = {shown(dates[0].name)}; or {_BY_ORDER}"
    return SplitSettings(type=RANDOM), f"or time, or group, with by = its column; or {_BY_ORDER}"


def _orders(column: pd.Series, source: Source) -> bool:
    """Whether the rows stand in the order of a column of dates or numbers, up or down."""
    try:
        moments = moments_of(column, source=source)
    except InvalidData:
        return False
    steps = np.diff(moments)
    return bool(np.any(steps)) and bool((steps >= 0).all() or (steps <= 0).all())


def name(table: Path) -> str:
    """A model's name from that of the table: lower-case words joined by hyphens."""
    letters = unicodedata.normalize("NFKD", table.name.partition(".")[0].casefold())
    # A name begins with a letter, and accents are no part of one.
    text = re.sub("^[^a-z]+", "", letters.encode("ascii", "ignore").decode())
    words = re.findall("[a-z0-9]+", text)
    return "-".join(words)[:_LONGEST_NAME].rstrip("-") or "model"


def require_rows(target: pd.Series, least: int) -> None:
    """
    Raises:
        InvalidData: too few rows have a target.
    """
    rows = int(target.notna().sum())
    if rows < least:
        raise InvalidData(
            f"{counted(rows, 'row')} with a target {'is' if rows == 1 else 'are'} too few: training needs {least} at "
            "least, half of them to be judged by. Add rows"
        )
