"""What a model rests on, drawn: the importance of its features, and its error by the values of a feature."""

from typing import Any

from matplotlib.axes import Axes

from evergreen.judging.metrics import METRICS
from evergreen.number_text import counted, number
from training.documents.document import Figure, printable
from training.documents.plot_canvas import ACCENT, INK, SECOND, draw, in_words

# Bars of one plot, and plots of slices: what a reader takes in. Fewer bars than _ROOM are not drawn thicker.
_BARS = 12
_ROOM = 6
_SLICE_PLOTS = 4
_LABEL = 24


def importance_plots(importance: dict[str, dict[str, float]], *, metric: str) -> list[Figure]:
    """One plot, or none: the features by how much worse the metric gets without them, the most important first.

    Args:
        importance: mean and standard deviation of the metric's rise in badness, by feature.
    """
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
        in_words(axes.xaxis)

    more = f" The {_BARS} most important of {len(importance)}." if len(importance) > _BARS else ""
    top, values = ordered[0]
    figure = Figure(
        name="plot-importance.svg",
        caption=f"Permutation importance: how much worse {metric} gets when a feature's values are shuffled; "
        f"the line is one standard deviation.{more}",
        label=f"Bar chart of permutation importance; the most important is {printable(top, at_most=40)} "
        f"with {number(values['mean'])}.",
        svg=draw("importance", fill),
    )
    return [figure]


def slice_plots(slices: dict[str, dict[str, dict[str, Any]]], *, metric: str, overall: float) -> list[Figure]:
    """A plot for each sliced feature: the metric by its values, the worst first."""
    drawn = [(feature, values) for feature, values in slices.items() if values][:_SLICE_PLOTS]
    return [
        _slice_plot(feature, values, place, metric=metric, overall=overall)
        for place, (feature, values) in enumerate(drawn, 1)
    ]


def _slice_plot(feature: str, values: dict[str, dict[str, Any]], place: int, *, metric: str, overall: float) -> Figure:
    ordered = worst_first(values, metric=metric)[:_BARS]
    shown = printable(feature, at_most=40)

    def fill(axes: Axes) -> None:
        places = list(range(len(ordered), 0, -1))
        axes.hlines(places, overall, [item["value"] for _, item in ordered], color=INK, linewidth=1, alpha=0.6)
        axes.plot([item["value"] for _, item in ordered], places, "o", color=ACCENT, markersize=5)
        axes.axvline(overall, color=SECOND, linewidth=1.2, linestyle="--")
        _name_bars(axes, [value for value, _ in ordered])
        axes.set_xlabel(metric)
        in_words(axes.xaxis)

    which = f"the {_BARS} worst of {len(values)} values" if len(values) > _BARS else counted(len(values), "value")
    worst, item = ordered[0]
    return Figure(
        name=f"plot-slices-{place}.svg",
        caption=f"{metric} by {shown}: {which}. The dashed line is the whole holdout: {number(overall)}.",
        label=f"Dot plot of {metric} by {shown}; the worst is {printable(worst, at_most=40)} "
        f"with {number(item['value'])}, the whole holdout has {number(overall)}.",
        svg=draw(f"slices-{place}", fill),
    )


def by_importance(importance: dict[str, dict[str, float]]) -> list[tuple[str, dict[str, float]]]:
    return sorted(importance.items(), key=lambda item: (-item[1]["mean"], item[0]))


def worst_first(values: dict[str, dict[str, Any]], *, metric: str) -> list[tuple[str, dict[str, Any]]]:
    sign = 1 if METRICS[metric].higher_is_better else -1
    return sorted(values.items(), key=lambda item: (sign * item[1]["value"], item[0]))


def _name_bars(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names), 0, -1), [printable(name, at_most=_LABEL) for name in names])
    axes.set_ylim(min(0.4, len(names) + 0.4 - _ROOM), len(names) + 0.6)
    axes.grid(False, axis="y")
