"""The parity gate: the scorer that will serve must give scikit-learn's own predictions.

To the last bit, but for the rounding that a linear sum or a link has of its own: see portable.Model.agrees.
"""

from collections.abc import Iterable

from evergreen.errors import InvalidRow
from evergreen.versions.bundle import HoldoutRow, ServableModel


def find_difference(model: ServableModel, rows: Iterable[HoldoutRow]) -> str | None:
    """The first row whose portable prediction is not scikit-learn's, in words; None if all agree."""
    for number, row in enumerate(rows, 1):
        try:
            values = model.contract.parse(row.features)
            if model.scorer.agrees(values, row.predicted, row.probabilities):
                continue
            found = repr(model.predict(values))
        except InvalidRow as error:
            found = f"refused ({error})"
        return (
            f"the portable model differs from scikit-learn on holdout row {number}: "
            f"{found} instead of {row.predicted!r} for {row.features}"
        )
    return None
