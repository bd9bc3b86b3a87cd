"""Names that a key or a feature cannot have, since Feast's join or ours uses them for columns of its own."""

# Of the rows to join.
EVENT_TIMESTAMP = "event_timestamp"
ROW_NUMBER = "evergreen_row"

# The last three: feast/infra/offline_stores/ibis.py.
NAMES = frozenset((EVENT_TIMESTAMP, ROW_NUMBER, "entity_row_id", "event_expire_timestamp", "rn"))
# Feast's join marks the columns of the rows by it, and drops every column that has it.
SUFFIX = "_y"


def why_not(name: str) -> str:
    """Why a column cannot be called so; empty if it can. DuckDB does not tell capital letters from small ones."""
    if name.lower() in NAMES:
        return "the join has a column of this name"
    if name.lower().endswith(SUFFIX):
        return f"Feast's join drops columns whose names end in {SUFFIX!r}"
    return ""
