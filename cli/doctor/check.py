"""Checks that run side by side, each in a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from cli.doctor.plan import unanswered
from cli.failures import expected
from cli.findings import Finding, Status


@dataclass(frozen=True, kw_only=True)
class Check:
    """
    Attributes:
        name: of its findings, or of the one that says why there are none.
        look: makes the check.
        seconds: after which it is given up.
    """

    name: str
    look: Callable[[], Sequence[Finding]]
    seconds: float = 60.0


class SideBySide:
    """Runs checks. A check that fails as commands fail is a skipped one; what is a fault of ours is raised."""

    def __init__(self) -> None:
        self._ended: SimpleQueue[tuple[Check, Sequence[Finding] | BaseException]] = SimpleQueue()
        self._deadlines: dict[str, tuple[float, Check]] = {}

    def start(self, check: Check) -> None:
        self._deadlines[check.name] = time.monotonic() + check.seconds, check
        # As a daemon: a call that hangs must not keep the command from ending.
        threading.Thread(target=self._run, args=(check,), daemon=True).start()

    def ended(self) -> Iterator[tuple[Check, Sequence[Finding]]]:
        """Each check when it has ended, also those that are started meanwhile, until none runs."""
        while self._deadlines:
            deadline, next_late = min(self._deadlines.values(), key=lambda pair: pair[0])
            try:
                check, outcome = self._ended.get(timeout=max(deadline - time.monotonic(), 0))
            except Empty:
                check, outcome = next_late, [_given_up(next_late)]
            # One that was given up may end yet.
            if self._deadlines.pop(check.name, None) is None:
                continue
            if isinstance(outcome, BaseException):
                raise outcome
            yield check, outcome

    def _run(self, check: Check) -> None:
        outcome: Sequence[Finding] | BaseException
        try:
            outcome = check.look()
        except expected() as error:
            outcome = [unanswered(check.name, error)]
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            outcome = error
        self._ended.put((check, outcome))


def _given_up(check: Check) -> Finding:
    return Finding(
        check=check.name,
        status=Status.SKIPPED,
        found=f"no answer within {check.seconds:g} s",
        remedy="look at the network, and run it again",
    )
