"""The parity gate: the scorer that will serve must give scikit-learn's own predictions, to the last bit."""

from collections.abc import Iterable

from evergreen.bundle import HoldoutRow, ServableModel


def find_difference(model: ServableModel, rows: Iterable[HoldoutRow]) -> str | None:
    """The first row whose portable prediction is not scikit-learn's, in words; None if all agree."""
    for number, row in enumerate(rows, 1):
        found = model.predict(model.contract.parse(row.features))
        if found != row.predicted:
            return (
                f"the portable model differs from scikit-learn on holdout row {number}: "
                f"{found!r} instead of {row.predicted!r} for {row.features}"
            )
    return None
