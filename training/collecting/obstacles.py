"""Why captured rows cannot be rows of the table."""

from collections.abc import Iterator

from evergreen.contract.contract import Contract
from evergreen.settings.sections import GROUP, ModelSettings


def obstacles(settings: ModelSettings, contract: Contract) -> Iterator[str]:
    """What they would lack that the table's rows have, in sentences; nothing if they lack nothing."""
    hidden = sorted(contract.names & set(settings.log.leave_out))
    if hidden:
        yield f"[log] leave_out keeps {', '.join(hidden)} out of the captures, and the model needs it"
    needed = {"[data] group": settings.data.group, "[data] weight": settings.data.weight}
    if settings.split.type == GROUP:
        needed["[split] by"] = settings.split.by
    for key, column in needed.items():
        if column and column not in contract.names:
            yield f"{key} needs the column {column!r} in every row, and callers do not send it, since it is no feature"
