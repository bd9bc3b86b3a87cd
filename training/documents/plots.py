"""Plots of a model: the importance of its features, and its metric by the values of a feature."""

from typing import Any

from matplotlib.axes import Axes

from evergreen.metrics import metric_of
from evergreen.number_text import counted
from training.documents.document import Figure, printable, shortened
from training.documents.plot_canvas import ACCENT, INK, SECOND, figure, in_words

# At most this many bars in a plot. A plot with fewer than _ROOM bars keeps the space, so that no bar is thicker.
_BARS = 12
_ROOM = 6
_SLICE_PLOTS = 4
# Longest name beside a bar, in characters.
_LABEL = 24
# Ticks of an axis of differences, which have long labels.
_TICKS = 5


def importance_plots(importance: dict[str, dict[str, float]], *, metric: str) -> list[Figure]:
    """A plot of the features' permutation importance, the most important first; no plot without features.

    Args:
        importance: by feature, the mean and the standard deviation of how much worse the metric gets.
    """
    text = metric_of(metric).difference_text
    ordered = by_importance(importance)[:_BARS]
    if not ordered:
        return []

    def fill(axes: Axes) -> None:
        places = range(len(ordered), 0, -1)
        axes.barh(
            list(places),
            [values["mean"] for _, values in ordered],
            xerr=[values["std"] for _, values in ordered],
            color=ACCENT,
            height=0.62,
            error_kw={"ecolor": INK, "elinewidth": 1},
        )
        axes.axvline(0, color=INK, linewidth=0.8)
        _name_bars(axes, [name for name, _ in ordered])
        axes.set_xlabel(f"{metric} worse by")
        axes.locator_params(axis="x", nbins=_TICKS)
        in_words(axes.xaxis, text=text)

    top, values = ordered[0]
    drawn = figure(
        "importance",
        fill,
        caption=f"Permutation importance: how much worse {metric} gets when a feature's values are shuffled; "
        "the line is one standard deviation." + shortened(f"{_BARS} most important", len(importance), _BARS),
        label=f"Bar chart of permutation importance; the most important is {printable(top, at_most=40)} "
        f"with {text(values['mean'])}.",
    )
    return [drawn]


def slice_plots(slices: dict[str, dict[str, dict[str, Any]]], *, metric: str, overall: float) -> list[Figure]:
    """One plot for each sliced feature: the metric by the feature's values, the worst first."""
    known = {feature: _known(values) for feature, values in slices.items()}
    drawn = [(feature, values) for feature, values in known.items() if values][:_SLICE_PLOTS]
    return [
        _slice_plot(feature, values, place, metric=metric, overall=overall)
        for place, (feature, values) in enumerate(drawn, 1)
    ]


def _slice_plot(feature: str, values: dict[str, dict[str, Any]], place: int, *, metric: str, overall: float) -> Figure:
    ordered, text = worst_first(values, metric=metric)[:_BARS], metric_of(metric).text
    shown = printable(feature, at_most=40)

    def fill(axes: Axes) -> None:
        places = list(range(len(ordered), 0, -1))
        axes.hlines(places, overall, [item["value"] for _, item in ordered], color=INK, linewidth=1, alpha=0.6)
        axes.plot([item["value"] for _, item in ordered], places, "o", color=ACCENT, markersize=5)
        axes.axvline(overall, color=SECOND, linewidth=1.2, linestyle="--")
        _name_bars(axes, [value for value, _ in ordered])
        axes.set_xlabel(metric)
        in_words(axes.xaxis, text=text)

    which = f"the {_BARS} worst of {len(values)} values" if len(values) > _BARS else counted(len(values), "value")
    worst, item = ordered[0]
    return figure(
        f"slices-{place}",
        fill,
        caption=f"{metric} by {shown}: {which}. The dashed line is the value on the whole holdout: {text(overall)}.",
        label=f"Dot plot of {metric} by {shown}; the worst is {printable(worst, at_most=40)} "
        f"with {text(item['value'])}, the whole holdout has {text(overall)}.",
    )


def by_importance(importance: dict[str, dict[str, float]]) -> list[tuple[str, dict[str, float]]]:
    """Features and their importance, the most important first, equal ones by name."""
    return sorted(importance.items(), key=lambda item: (-item[1]["mean"], item[0]))


def worst_first(values: dict[str, dict[str, Any]], *, metric: str) -> list[tuple[str, dict[str, Any]]]:
    """Slices by their metric, the worst first, equal ones by name; those of which it is not known last."""
    sign = 1 if metric_of(metric).higher_is_better else -1
    known = sorted(_known(values).items(), key=lambda item: (sign * item[1]["value"], item[0]))
    return known + sorted((value, item) for value, item in values.items() if item["value"] is None)


def _known(values: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {value: item for value, item in values.items() if item["value"] is not None}


def _name_bars(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names), 0, -1), [printable(name, at_most=_LABEL) for name in names])
    axes.set_ylim(min(0.4, len(names) + 0.4 - _ROOM), len(names) + 0.6)
    axes.grid(False, axis="y")
