"""The ledger of renewal: what has been tried and learned so far, as one object beside the champion pointer."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from evergreen.errors import EvergreenError
from evergreen.renewal.evidence import Evidence
from evergreen.renewal.rule import Standing

PROMOTED, KEPT, REFUSED, FAILED = "promoted", "kept", "refused", "failed"
OUTCOMES = (PROMOTED, KEPT, REFUSED, FAILED)
# Runs and earlier champions that are remembered. A month may have so many runs at most that ceilings are exact.
MOST_RUNS, EARLIER = 300, 3
# Failures in a row after which renewal pauses itself.
_MOST_FAILURES = 5


class UnreadableLedger(EvergreenError):
    """The ledger is no ledger. Nothing is renewed: its ceilings would not hold."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A version that can be served, as the champion pointer names it."""

    version: str
    bundle: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One renewal that began.

    Attributes:
        id: the ARN of its execution.
        version: what its data and its jobs are called by.
        reason: why it began.
        began, ended: ISO 8601; `ended` is empty while it runs.
        outcome: one of OUTCOMES; empty while it runs.
        told: why it came out so.
        promoted: the version that became champion; empty if none did.
        dollars: what its jobs have cost; while it runs, the most that they can.
        rows: labelled predictions that it judged on.
        data: the version of the data that it has made; empty if it has made none.
        challengers: each with `name`, `version`, `error` and `rival` (its own and the champion's), and `reason`.
    """

    id: str
    version: str
    reason: str
    began: str
    ended: str = ""
    outcome: str = ""
    told: str = ""
    promoted: str = ""
    dollars: float = 0.0
    rows: int = 0
    data: str = ""
    challengers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why the newest triggers did not begin a renewal, how many in a row, and when the last of them came."""

    reason: str
    told: str
    at: str
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """
    Attributes:
        champion: that the standing is about; None before the first renewal.
        standing: what the periods have told.
        data: the version of the data that the last renewal has made; empty if the champion's own is the newest.
        until: the greatest id of the predictions that were judged on.
        earlier: champions before, the newest last.
        runs: the newest last.
        forgets: how often rows were taken out of the data since.
        paused: why nothing is renewed, and who said so; empty if it may be.
    """

    champion: Model | None = None
    standing: Standing | None = None
    data: str = ""
    until: str = ""
    earlier: tuple[Model, ...] = ()
    runs: tuple[Run, ...] = ()
    refusal: Refusal | None = None
    forgets: int = 0
    paused: str = ""

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, document: bytes) -> "Ledger":
        """
        Raises:
            UnreadableLedger: the document is no ledger.
        """
        try:
            found = json.loads(document)
            return cls(
                champion=Model(**found["champion"]) if found["champion"] else None,
                standing=standing_of(found["standing"]) if found["standing"] else None,
                data=found["data"],
                until=found["until"],
                earlier=tuple(Model(**each) for each in found["earlier"]),
                runs=tuple(Run(**{**each, "challengers": tuple(each["challengers"])}) for each in found["runs"]),
                refusal=Refusal(**found["refusal"]) if found["refusal"] else None,
                forgets=found["forgets"],
                paused=found["paused"],
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise UnreadableLedger(
                f"the ledger of renewal cannot be read: {error!r}. Move it away, and renewal begins anew"
            ) from error

    def begin(self, run: Run) -> "Ledger":
        """With a run that begins now. One that has not told its end by then was aborted."""
        ended = tuple(_aborted(each, run.began) for each in self.runs)
        return replace(self, runs=(*ended, run)[-MOST_RUNS:], refusal=None)

    def refuse(self, refusal: Refusal) -> "Ledger":
        """With a trigger that began nothing. Many of them for the same cause are one entry."""
        before = self.refusal
        times = before.times + 1 if before and before.told == refusal.told else 1
        return replace(self, refusal=replace(refusal, times=times))

    def end(self, run: Run) -> "Ledger":
        """With the end of a run. After some failures in a row nothing begins until somebody resumes it."""
        runs = tuple(run if each.id == run.id else each for each in self.runs)
        last = runs[-_MOST_FAILURES:]
        paused = self.paused
        if not paused and len(last) == _MOST_FAILURES and all(each.outcome == FAILED for each in last):
            paused = f"{_MOST_FAILURES} renewals in a row have failed, the last of them: {run.told}"
        return replace(self, runs=runs, paused=paused)

    def follow(self, champion: Model, standing: Standing) -> "Ledger":
        """About another champion, which became it by a training or by hand: nothing is known of it yet."""
        if self.champion and self.champion.version == champion.version:
            return self
        return replace(self.succeed(champion, standing), data="")

    def succeed(self, champion: Model, standing: Standing) -> "Ledger":
        """After a renewal that has promoted another champion."""
        return replace(
            self, champion=champion, standing=standing, earlier=_earlier(self.earlier, self.champion, champion)
        )

    def run(self, id_: str) -> Run | None:
        return next((run for run in self.runs if run.id == id_), None)


def standing_of(found: Mapping[str, Any]) -> Standing:
    """A standing from its JSON."""
    evidence = {
        name: Evidence(**{**each, "detectors": tuple(each["detectors"])}) for name, each in found["evidence"].items()
    }
    return Standing(**{**found, "evidence": evidence})


def _aborted(run: Run, now: str) -> Run:
    return run if run.ended else replace(run, ended=now, outcome=FAILED, told="it ended without a word: it was aborted")


def _earlier(earlier: tuple[Model, ...], last: Model | None, present: Model) -> tuple[Model, ...]:
    known = [each for each in earlier if each.version != present.version and (not last or each.version != last.version)]
    return tuple([*known, *([last] if last else [])][-EARLIER:])
