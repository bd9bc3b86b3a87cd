"""The quantitative analyses of a model card: metrics beside the baseline, plots, importance, error by slice."""

from collections.abc import Sequence
from typing import Any

from evergreen.judging.metrics import METRICS, Outcomes
from evergreen.number_text import number
from training.documents.document import Block, Gallery, Section, Table
from training.documents.outcome_plots import outcome_plots
from training.documents.plots import by_importance, importance_plots, slice_plots, worst_first

# Of a table of importances or slices: a card is read, metrics.json has all.
_ROWS = 20


def section(metrics: dict[str, Any], outcomes: Outcomes, *, target: str) -> Section:
    """
    Args:
        metrics: the content of metrics.json.
        outcomes: of the model on the holdout.
    """
    metric = metrics["metric"]
    figures = (
        *outcome_plots(outcomes, target=target),
        *importance_plots(metrics["importance"], metric=metric),
        *slice_plots(metrics["slices"], metric=metric, overall=metrics["holdout"][metric]),
    )
    blocks: list[Block] = [_metrics(metrics), Gallery(figures)]
    if metrics["importance"]:
        blocks.append(_importance(metrics["importance"], metric=metric))
    blocks += [_slices(feature, values, metric=metric) for feature, values in metrics["slices"].items() if values]
    return Section("Quantitative analyses", tuple(blocks))


def interval(low_high: Sequence[float] | None) -> str:
    return f"{number(low_high[0])} to {number(low_high[1])}" if low_high else "not measured"


def _metrics(metrics: dict[str, Any]) -> Table:
    return Table(
        caption="The model on the holdout, beside the baseline.",
        head=("Metric", "Model", "95% interval", "Baseline", "Better is"),
        right=(1, 2, 3),
        rows=tuple(
            (
                f"{name} (decides)" if name == metrics["metric"] else name,
                number(value),
                interval(metrics["intervals"].get(name)),
                number(metrics["baseline"][name]),
                "higher" if METRICS[name].higher_is_better else "lower",
            )
            for name, value in metrics["holdout"].items()
        ),
    )


def _importance(importance: dict[str, dict[str, float]], *, metric: str) -> Table:
    ordered = by_importance(importance)
    more = f" The {_ROWS} most important of {len(ordered)}; metrics.json has all." if len(ordered) > _ROWS else ""
    return Table(
        caption=f"Permutation importance: how much worse {metric} gets when a feature's values are shuffled.{more}",
        head=("Feature", f"{metric} worse by", "Standard deviation"),
        right=(1, 2),
        rows=tuple((name, number(item["mean"]), number(item["std"])) for name, item in ordered[:_ROWS]),
    )


def _slices(feature: str, values: dict[str, dict[str, Any]], *, metric: str) -> Table:
    ordered = worst_first(values, metric=metric)
    more = f" The {_ROWS} worst of {len(ordered)}; metrics.json has all." if len(ordered) > _ROWS else ""
    return Table(
        caption=f"{metric} by {feature}, the worst first.{more}",
        head=(feature, metric, "Rows"),
        right=(1, 2),
        rows=tuple((value, number(item["value"]), number(item["rows"])) for value, item in ordered[:_ROWS]),
    )
