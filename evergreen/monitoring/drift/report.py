"""Evidently: measures a window against the reference and draws the report. The only module that imports it.

Evidently's default tests are not used: they take the reference for the whole truth, and change with its size. Our own
tests are registered with it, so that the report shows the numbers and verdicts of the message, the largest shift first.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Set before the import, which reads it: no usage statistics leave the account.
os.environ["DO_NOT_TRACK"] = "1"

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import StatTest, register_stattest
from evidently.legacy.core import ColumnType
from evidently.metrics import ValueDrift

from evergreen.contract.feature import NUMBER, Feature
from evergreen.monitoring.drift.comparison import Verdict, measure
from evergreen.monitoring.drift.shift import Shift
from evergreen.quoting import FEWEST_ROWS, OTHERS, cut
from evergreen.settings.sections import DriftSettings

# The number of categories that are drawn, the most frequent ones. Evidently takes minutes for ten thousand of them.
_BARS = 100
# What HTML, scripts and their texts begin and end with, each by a sign that looks like it.
_HARMLESS = str.maketrans("<>&\"'`\\", "\u2039\u203a\uff06\u201d\u2019\u2019\u2216")
# Evidently has one register of tests per process: two reports at once would show each other's verdicts.
_REGISTER = threading.Lock()


@dataclass
class EvidentlyMeasure:
    """A comparison.Measure by Evidently; `html` is its report once it has measured.

    Args:
        rule: what counts as drift in the report.
    """

    rule: DriftSettings
    html: bytes = b""

    def __call__(
        self, reference: pd.DataFrame, current: pd.DataFrame, features: Sequence[Feature], is_drift: Verdict
    ) -> dict[str, Shift]:
        if not features:
            return {}
        titles = harmless([feature.name for feature in features])
        numbers = [titles[feature.name] for feature in features if feature.type == NUMBER]
        categories = [titles[feature.name] for feature in features if feature.type != NUMBER]
        shifts = measure(reference, current, features, is_drift)
        # Explicit, since Evidently would take a number with few values for a category.
        definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
        drawn = {titles[item.name]: _drawable(reference[item.name], current[item.name], item) for item in features}
        before, now = (
            Dataset.from_pandas(
                pd.DataFrame({name: samples[side] for name, samples in drawn.items()}), data_definition=definition
            )
            for side in (0, 1)
        )
        drifted = {name: is_drift(name, shift) for name, shift in shifts.items()}
        with _REGISTER:
            metrics = [
                ValueDrift(
                    column=titles[item.name],
                    method=_register(titles[item.name], item, shifts[item.name], drifted[item.name]),
                    threshold=self.rule.smallest_shift,
                )
                # The largest shift comes first: a reader looks for it.
                for item in sorted(features, key=lambda item: (not drifted[item.name], -shifts[item.name].distance))
            ]
            # The current sample comes first.
            snapshot = Report(metrics).run(now, before)
        self.html = snapshot.get_html_str(as_iframe=False).encode()
        return shifts


def harmless(texts: Iterable[str]) -> dict[str, str]:
    """Texts as Evidently may draw them, which escapes none: without the signs of HTML and scripts, in 60 characters.

    Two of them are never drawn as one.
    """
    drawn: dict[str, str] = {}
    taken: set[str] = set()
    for text in texts:
        short = cut("".join(character if character.isprintable() else " " for character in text.translate(_HARMLESS)))
        name, number = short, 1
        while name in taken:
            number += 1
            name = f"{short} ({number})"
        taken.add(name)
        drawn[text] = name
    return drawn


def _register(title: str, feature: Feature, shift: Shift, drifted: bool) -> str:
    """Register a test for one feature with Evidently; return the test's name."""

    def test(_reference: pd.Series, _current: pd.Series, _type: ColumnType, _threshold: float) -> tuple[float, bool]:
        return shift.distance, drifted

    number = feature.type == NUMBER
    name = f"evergreen, {title}"
    shown = "Kolmogorov-Smirnov distance, two-sample" if number else "total variation distance, two-sample chi-square"
    kind = ColumnType.Numerical if number else ColumnType.Categorical
    register_stattest(
        StatTest(name=name, display_name=shown, allowed_feature_types=[kind], default_threshold=0.0), test
    )
    return name


def _drawable(reference: pd.Series, current: pd.Series, feature: Feature) -> tuple[pd.Series, pd.Series]:
    """Both samples of a column, reduced to what Evidently can draw quickly."""
    if feature.type == NUMBER:
        return _drawable_numbers(reference), _drawable_numbers(current)
    counts_by_name = Counter(reference.value_counts().to_dict()) + Counter(current.value_counts().to_dict())
    titles = harmless(str(name) for name, count in counts_by_name.most_common(_BARS) if count >= FEWEST_ROWS)
    return _titled(reference, titles), _titled(current, titles)


def _titled(categories: pd.Series, titles: Mapping[str, str]) -> pd.Series:
    """Categories by their titles; those that have none become one, and what is missing stays so."""
    titled = categories.astype(object).map(titles, na_action="ignore")
    return titled.where(titled.notna() | categories.isna(), OTHERS)


def _drawable_numbers(numbers: pd.Series) -> pd.Series:
    """The numbers, where necessary rounded to twelve digits and clipped to 1e100.

    Evidently's histograms fail on ranges that are narrower or wider. Around a single number it draws a bar of width 1,
    which cannot be represented beyond 1e12.
    """
    lowest, highest = float(numbers.min()), float(numbers.max())
    largest = max(-lowest, highest)
    step = max(1e-300, 1e-12 * min(largest, 1e100))
    if step < highest - lowest and largest <= 1e100:
        return numbers
    drawn = (numbers.clip(-1e100, 1e100) / step).round() * step
    return drawn if drawn.min() < drawn.max() else drawn.clip(-1e12, 1e12)
