"""The quantitative analyses of a model card: metrics beside the baseline, plots, importance, metric by slice."""

from collections.abc import Callable, Sequence
from typing import Any

from evergreen.metrics import Outcomes, metric_of
from evergreen.number_text import number
from training.documents import decisions
from training.documents.document import Block, Gallery, Section, Table, shortened
from training.documents.outcome_plots import outcome_plots
from training.documents.plots import by_importance, importance_plots, slice_plots, worst_first

# Row limit of the tables of importances and of slices, so that a person can read the card.
_ROWS = 20


def section(metrics: dict[str, Any], outcomes: Outcomes, *, target: str) -> Section:
    """The section of the card.

    Args:
        metrics: the content of metrics.json.
        outcomes: the model's predictions on the holdout.
    """
    metric, decision = metrics["metric"], metrics.get("decision")
    figures = (
        *outcome_plots(outcomes, target=target, decided=decision is not None),
        *importance_plots(metrics["importance"], metric=metric),
        *slice_plots(metrics["slices"], metric=metric, overall=metrics["holdout"][metric]),
    )
    blocks: list[Block] = [_metrics(metrics)]
    if decision:
        blocks += decisions.blocks(decision)
    blocks.append(Gallery(figures))
    if metrics["importance"]:
        blocks.append(_importance(metrics["importance"], metric=metric))
    blocks += [_slices(feature, values, metric=metric) for feature, values in metrics["slices"].items() if values]
    return Section("Quantitative analyses", tuple(blocks))


def interval(low_high: Sequence[float] | None, text: Callable[[float], str]) -> str:
    """An interval's ends, each written by `text`."""
    return f"{text(low_high[0])} to {text(low_high[1])}" if low_high else "not measured"


def _metrics(metrics: dict[str, Any]) -> Table:
    return Table(
        caption="Metrics of the model and of the baseline on the holdout.",
        head=("Metric", "Model", "95% interval", "Baseline", "Better is"),
        right=(1, 2, 3),
        rows=tuple(
            (
                f"{name} (decides)" if name == metrics["metric"] else name,
                metric_of(name).text(value),
                interval(metrics["intervals"].get(name), metric_of(name).text),
                metric_of(name).text(metrics["baseline"][name]),
                "higher" if metric_of(name).higher_is_better else "lower",
            )
            for name, value in metrics["holdout"].items()
        ),
    )


def _importance(importance: dict[str, dict[str, float]], *, metric: str) -> Table:
    ordered, text = by_importance(importance), metric_of(metric).difference_text
    return Table(
        caption=f"Permutation importance: how much worse {metric} gets when a feature's values are shuffled."
        + shortened(f"{_ROWS} most important", len(ordered), _ROWS, full="metrics.json"),
        head=("Feature", f"{metric} worse by", "Standard deviation"),
        right=(1, 2),
        rows=tuple((name, text(item["mean"]), text(item["std"])) for name, item in ordered[:_ROWS]),
    )


def _slices(feature: str, values: dict[str, dict[str, Any]], *, metric: str) -> Table:
    ordered = worst_first(values, metric=metric)
    return Table(
        caption=f"{metric} by {feature}, the worst first."
        + shortened(f"{_ROWS} worst", len(ordered), _ROWS, full="metrics.json"),
        head=(feature, metric, "Rows"),
        right=(1, 2),
        rows=tuple(
            (
                value,
                "not known" if item["value"] is None else metric_of(metric).text(item["value"]),
                number(item["rows"]),
            )
            for value, item in ordered[:_ROWS]
        ),
    )
