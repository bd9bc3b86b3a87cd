"""Plots of predictions on the holdout: errors of a regression; curves, calibration or confusion of a classifier."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from sklearn.metrics import auc, average_precision_score, confusion_matrix, precision_recall_curve, roc_curve

from evergreen.metrics import Outcomes
from evergreen.number_text import counted, number, percent, share
from training.documents.document import Figure, printable
from training.documents.plot_canvas import ACCENT, INK, POINT_SIZE, SERIES, figure, in_words

# At most this many points in a scatter plot and in a curve: more cannot be told apart.
_POINTS = 1000
_CURVE_POINTS = 200
# At most this many curves in a plot, rows in a confusion matrix, and points in a calibration curve.
_CURVES = len(SERIES)
_MATRIX = 12
_BINS = 10
_OTHERS = "(others)"
# From transparent to a light green: numbers on it stay legible on a light and on a dark page.
_TINT = LinearSegmentedColormap.from_list("tint", [to_rgba(ACCENT, 0.0), to_rgba(ACCENT, 0.4)])


def outcome_plots(outcomes: Outcomes, *, target: str, decided: bool = False) -> list[Figure]:
    """The plots that the outcomes allow: a classifier without probabilities has a confusion matrix and no curves.

    Args:
        decided: whether a threshold decides; then there are both.
    """
    if not outcomes.classes:
        return _regression(outcomes, target=target)
    if not outcomes.probabilities:
        return [_confusion(outcomes)]
    return [*_classification(outcomes), *([_confusion(outcomes)] if decided else [])]


def _regression(outcomes: Outcomes, *, target: str) -> list[Figure]:
    actual, predicted = np.asarray(outcomes.actual, dtype=float), np.asarray(outcomes.predicted, dtype=float)
    chosen = _sample(len(actual))
    said = counted(len(actual), "holdout row")
    if len(chosen) < len(actual):
        said = f"{number(len(chosen))} of {said}, drawn at random"
    actual, predicted = actual[chosen], predicted[chosen]
    ends = [min(actual.min(), predicted.min()), max(actual.max(), predicted.max())]
    name = printable(target, at_most=40)

    def against_actual(axes: Axes) -> None:
        _diagonal(axes, ends)
        _points(axes, actual, predicted)
        axes.set(xlabel=f"actual {name}", ylabel=f"predicted {name}")
        in_words(axes.xaxis, axes.yaxis)

    def residuals(axes: Axes) -> None:
        axes.axhline(0, color=INK, linewidth=1, linestyle="--")
        _points(axes, predicted, predicted - actual)
        axes.set(xlabel=f"predicted {name}", ylabel="predicted - actual")
        in_words(axes.xaxis, axes.yaxis)

    above = percent(float(np.mean(predicted > actual)))
    return [
        figure(
            "predicted",
            against_actual,
            caption=f"Predicted against actual: {said}. On the dashed line the prediction is exact.",
            label=f"Scatter plot of predicted against actual {name}, from {number(ends[0])} to {number(ends[1])}.",
        ),
        figure(
            "residuals",
            residuals,
            caption=f"Residuals against predicted: {said}. {above} lie above 0: predicted too high.",
            label=f"Scatter plot of residuals against predicted {name}; {above} lie above 0.",
        ),
    ]


def _classification(outcomes: Outcomes) -> list[Figure]:
    actual = np.asarray(outcomes.actual, dtype=object)
    probabilities = np.asarray(outcomes.probabilities, dtype=float)
    shown = _curve_classes(actual, outcomes.classes)
    figures = [_calibration(outcomes, actual, probabilities)]
    if not shown:
        return figures
    cases = [(label, actual == label, probabilities[:, outcomes.classes.index(label)]) for label in shown]
    rocs = {label: roc_curve(truth, score)[:2] for label, truth, score in cases}
    areas = {label: float(auc(*curve)) for label, curve in rocs.items()}
    recalls = {label: precision_recall_curve(truth, score)[:2] for label, truth, score in cases}
    precisions = {label: float(average_precision_score(truth, score)) for label, truth, score in cases}
    against = f"each of {len(shown)} classes against the rest"
    if len(outcomes.classes) == 2:
        against = f"class {printable(shown[0], at_most=40)!r} against the other"
    elif len(shown) < len(outcomes.classes):
        against = f"the {len(shown)} commonest of {len(outcomes.classes)} classes, each against the rest"

    def roc(axes: Axes) -> None:
        _diagonal(axes)
        _curves(axes, {label: (rocs[label], f"AUC {number(areas[label])}") for label in shown})
        axes.set(xlabel="false positive rate", ylabel="true positive rate")

    def precision_recall(axes: Axes) -> None:
        curves = {label: (recalls[label][::-1], f"AP {number(precisions[label])}") for label in shown}
        _curves(axes, curves)
        axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.03))

    return [
        figure(
            "roc",
            roc,
            caption=f"ROC: {against}. The dashed line is a model that guesses.",
            label=f"ROC curve, {against}; area under it: {_listed(areas)}.",
        ),
        figure(
            "precision-recall",
            precision_recall,
            caption=f"Precision and recall: {against}.",
            label=f"Precision-recall curve, {against}; average precision: {_listed(precisions)}.",
        ),
        *figures,
    ]


def _calibration(outcomes: Outcomes, actual: np.ndarray, probabilities: np.ndarray) -> Figure:
    """The share of rows with a class, by its predicted probability: of the second of two classes, or the likeliest."""
    if len(outcomes.classes) == 2:
        said, true = probabilities[:, 1], actual == outcomes.classes[1]
        what = f"class {printable(outcomes.classes[1], at_most=40)!r}"
    else:
        likeliest = np.asarray(outcomes.classes, dtype=object)[probabilities.argmax(axis=1)]
        said, true = probabilities.max(axis=1), actual == likeliest
        what = "the likeliest class"
    # Bins with equally many rows: more points where more predictions lie.
    bins = [part for part in np.array_split(np.argsort(said, kind="stable"), _BINS) if len(part)]
    expected = [float(said[part].mean()) for part in bins]
    found = [float(true[part].mean()) for part in bins]
    gap = max(abs(one - other) for one, other in zip(expected, found, strict=True))

    def fill(axes: Axes) -> None:
        _diagonal(axes)
        axes.plot(expected, found, color=ACCENT, marker="o", markersize=4)
        axes.set(xlabel=f"predicted probability of {what}", ylabel="share of rows with it", xlim=(0, 1), ylim=(0, 1.03))

    return figure(
        "calibration",
        fill,
        caption=f"Calibration of {what}: {len(bins)} bins with equally many rows. On the dashed line the predicted "
        f"probability is the share of rows with the class; the furthest bin is {number(gap)} away.",
        label=f"Calibration curve of {what}; the furthest bin is {number(gap)} from the diagonal.",
    )


def _confusion(outcomes: Outcomes) -> Figure:
    actual, predicted = np.asarray(outcomes.actual, dtype=object), np.asarray(outcomes.predicted, dtype=object)
    labels = list(outcomes.classes)
    if len(labels) > _MATRIX:
        common = _commonest(actual, labels)[: _MATRIX - 1]
        kept = [label for label in labels if label in common]
        actual, predicted = (np.where(np.isin(side, kept), side, _OTHERS) for side in (actual, predicted))
        labels = [*kept, _OTHERS]
    counts = confusion_matrix(actual.astype(str), predicted.astype(str), labels=labels)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ticks = [printable(label, at_most=16) for label in labels]

    def fill(axes: Axes) -> None:
        axes.grid(False)
        edges = np.arange(len(labels) + 1)
        axes.pcolormesh(edges, edges, shares, cmap=_TINT, vmin=0, vmax=1)
        places = np.arange(len(labels)) + 0.5
        axes.set_xticks(
            places, ticks, rotation=40 if len(labels) > 3 else 0, ha="right" if len(labels) > 3 else "center"
        )
        axes.set_yticks(places, ticks)
        axes.invert_yaxis()
        for row, column in np.ndindex(counts.shape):
            axes.text(
                column + 0.5, row + 0.5, number(int(counts[row, column])), ha="center", va="center", weight="bold"
            )
        axes.set(xlabel="predicted", ylabel="actual")

    right = sum(one == other for one, other in zip(outcomes.actual, outcomes.predicted, strict=True))
    return figure(
        "confusion",
        fill,
        caption="Confusion matrix: holdout rows by actual and predicted class. Predictions on the diagonal are right.",
        label=f"Confusion matrix of {len(labels)} classes; {share(right, len(outcomes.actual))} of the rows are on the "
        "diagonal.",
        height=3.6 if len(labels) <= 6 else 4.8,
    )


def _curve_classes(actual: np.ndarray, classes: Sequence[str]) -> list[str]:
    """The classes that get a curve: the second of two, else the commonest; each needs rows of it and of others."""
    counts = {label: int(np.sum(actual == label)) for label in classes}
    two_sided = [label for label, count in counts.items() if 0 < count < len(actual)]
    if len(classes) == 2:
        return two_sided[-1:]
    return [label for label in _commonest(actual, classes) if label in two_sided][:_CURVES]


def _commonest(actual: np.ndarray, classes: Sequence[str]) -> list[str]:
    counts = {label: int(np.sum(actual == label)) for label in classes}
    return sorted(classes, key=lambda label: (-counts[label], label))


def _curves(axes: Axes, curves: dict[str, tuple[Sequence[np.ndarray], str]]) -> None:
    """Draw one curve per class; its text is in the legend."""
    for (label, ((x, y), words)), colour in zip(curves.items(), SERIES, strict=False):
        kept = np.unique(np.linspace(0, len(x) - 1, _CURVE_POINTS).astype(int))
        axes.plot(x[kept], y[kept], color=colour, label=f"{printable(label, at_most=20)}: {words}")
    axes.set(xlim=(0, 1), ylim=(0, 1.03))
    axes.legend(loc="best")


def _diagonal(axes: Axes, ends: Sequence[float] = (0, 1)) -> None:
    """The dashed line from the lower to the upper end, on which both coordinates are equal."""
    axes.plot(ends, ends, color=INK, linewidth=1, linestyle="--")


def _points(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    axes.plot(x, y, linestyle="none", marker="o", markersize=POINT_SIZE, color=ACCENT, alpha=0.6, markeredgewidth=0)


def _sample(rows: int) -> np.ndarray:
    """Positions of the rows to draw, in order: all if they are few, else a sample that is the same each time."""
    if rows <= _POINTS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, _POINTS, replace=False))


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{printable(label, at_most=20)} {number(value)}" for label, value in values.items())
