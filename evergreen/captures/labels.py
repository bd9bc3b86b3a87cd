"""The truth by prediction id, as callers told it. What arrives twice, late or out of order changes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from evergreen import names
from evergreen.captures.records import Faults, require_form
from evergreen.quoting import quoted
from evergreen.settings.sections import SAME_CALLER


class Label(NamedTuple):
    """The truth about one prediction, told by a caller at a time."""

    timestamp: str
    actual: Any
    caller: str

    @property
    def order(self) -> tuple[str, str]:
        # Of two at the same moment the larger text holds, so that their order cannot matter.
        return self.timestamp, str(self.actual)


class Labels:
    """Keeps the latest label of each caller for each prediction id."""

    def __init__(self, told_by: Sequence[str] = ()) -> None:
        """
        Args:
            told_by: whose labels count: callers, or SAME_CALLER for the one who asked for the prediction. If empty,
                everybody's do.
        """
        self._told_by = frozenset(told_by)
        self._by_id: dict[str, tuple[Label, ...]] = {}
        self._changed: set[str] = set()
        self._foreign: set[str] = set()

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, prediction_id: str) -> bool:
        return prediction_id in self._by_id

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    @property
    def changed(self) -> int:
        """How many ids were given several truths."""
        return len(self._changed)

    @property
    def foreign(self) -> int:
        """How many ids have labels that did not count, because of who told them."""
        return len(self._foreign)

    def read(self, records: Iterable[tuple[dict[str, Any], str]], faults: Faults) -> None:
        """Take feedback in; a record of another form is a fault.

        Args:
            records: each with the name of the object that it comes from.
        """
        for record, source in records:
            try:
                require_form(record, names.RECORD_FEEDBACK)
                caller = record.get("caller") or ""
                for label in record["labels"]:
                    id_, told = label["prediction_id"], Label(record["timestamp"][:23], label["actual"], caller)
                    if not isinstance(id_, str):
                        raise TypeError(f"prediction_id {quoted(str(id_))}")
                    self._add(id_, told)
            except (KeyError, TypeError, AttributeError) as error:
                faults.add(f"{source} holds a record of another form: {error}")

    def of(self, prediction_id: str, *, asked_by: str) -> Label | None:
        """The latest label of those that count; None if there is none.

        Args:
            asked_by: the caller who asked for the prediction; empty if that was not recorded.
        """
        told = self._by_id.get(prediction_id)
        if told is None:
            return None
        counting = [label for label in told if self._counts(label.caller, asked_by)]
        if len(counting) < len(told):
            self._foreign.add(prediction_id)
        return max(counting, key=lambda label: label.order, default=None)

    def _add(self, id_: str, told: Label) -> None:
        present = self._by_id.get(id_, ())
        if any(label.actual != told.actual for label in present):
            self._changed.add(id_)
        others = tuple(label for label in present if label.caller != told.caller)
        mine = [label for label in present if label.caller == told.caller]
        self._by_id[id_] = (*others, max([*mine, told], key=lambda label: label.order))

    def _counts(self, caller: str, asked_by: str) -> bool:
        if not self._told_by or caller in self._told_by:
            return True
        return SAME_CALLER in self._told_by and caller == asked_by != ""
