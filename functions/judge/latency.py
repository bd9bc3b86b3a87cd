"""How long the scorer that will serve takes for a row."""

from collections.abc import Callable, Sequence
from statistics import median

from evergreen.errors import InvalidRow
from evergreen.versions.bundle import HoldoutRow, ServableModel

# The number of rows to score, spread over the holdout: enough for a median.
_ROWS = 200


def milliseconds_a_row(model: ServableModel, rows: Sequence[HoldoutRow], clock: Callable[[], float]) -> float | None:
    """The median time of checking a row and scoring it, as an answer needs it; None if no row can be scored.

    Args:
        clock: gives seconds.
    """
    times = []
    for row in rows[:: max(1, len(rows) // _ROWS)][:_ROWS]:
        start = clock()
        try:
            values = model.contract.parse(row.features)
            model.predict(values)
            model.probabilities(values)
        except InvalidRow:
            continue
        times.append(clock() - start)
    return 1000 * median(times) if times else None
