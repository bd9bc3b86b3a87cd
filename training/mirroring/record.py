"""What is mirrored of a training: plain data, which a process without our packages can read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evergreen.metrics import Outcomes

# Rows of the holdout that are shown, evenly taken.
_ROWS = 1000


def record_of(
    *,
    run_id: str,
    version: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
    lineage: Mapping[str, Any],
    outcomes: Outcomes,
    documents: Sequence[Path],
) -> dict[str, Any]:
    """
    Args:
        run_id: of MLflow; the mirrored run has the same.
        metrics: what training has written into metrics.json.
        documents: cards, sheets and plots.
    """
    step = max(1, -(-len(outcomes.actual) // _ROWS))
    pairs = zip(list(outcomes.actual)[::step], list(outcomes.predicted)[::step], strict=True)
    measured = {f"{part}_{name}": value for part in ("holdout", "baseline") for name, value in metrics[part].items()}
    return {
        "id": run_id,
        "name": version,
        "config": {"parameters": {key: str(value) for key, value in parameters.items()}, "lineage": dict(lineage)},
        "summary": {name: value for name, value in measured.items() if isinstance(value, int | float)},
        "importance": [[name, each["mean"]] for name, each in metrics["importance"].items()],
        "holdout": [[_plain(actual), _plain(predicted)] for actual, predicted in pairs],
        "documents": [str(path.resolve()) for path in documents],
    }


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's own."""
    return value.item() if hasattr(value, "item") else value
