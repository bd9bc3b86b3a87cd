"""When to train again, and on what: four simple policies, and Evergreen's."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.renewal.world import Version, World
from evergreen.judging.bootstrap import unpaired_gain
from evergreen.renewal.rule import ALL, LAST, WINDOWS, Challenger, Standing, judge_period, succeed

# Of a fall in quality, as in [quality].
_CONFIDENCE, _RESAMPLES = 0.99, 200
# Earlier champions that are held against the present one.
EARLIER = 3


class Policy(Protocol):
    """Decides which version serves."""

    champion: Version

    def learn(self, period: int) -> None:
        """Take in the truth of a period; the champion may be another one from then on."""


@dataclass
class Never:
    champion: Version

    def learn(self, period: int) -> None:
        pass


@dataclass
class EveryPeriod:
    """Trains on a window after each period, and serves what comes out."""

    champion: Version
    window: str

    def learn(self, period: int) -> None:
        self.champion = Version(self.window, period + 1)


@dataclass
class OnFall:
    """Trains on all rows when the error has risen against the first period that the champion served."""

    champion: Version
    world: World
    promised: int | None = None

    def learn(self, period: int) -> None:
        if period < self.champion.before:
            return
        if self.promised is None:
            self.promised = period
            return
        now, then = (self.world.outcomes(self.champion, each) for each in (period, self.promised))
        gain = unpaired_gain(self.world.metric, now, then, seed=0, confidence=_CONFIDENCE, resamples=_RESAMPLES)
        if gain.high < 0:
            self.champion, self.promised = Version(ALL, period + 1), None


@dataclass
class Evergreen:
    """The rule of renewal.

    Attributes:
        refit: whether a window's winner is fitted again, with the period's rows, before it serves.
        gates: the promotions, by the gate that let them through.
    """

    champion: Version
    world: World
    refit: bool = False
    gates: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.earlier: list[Version] = []
        self.standing = Standing(champion=ALL, rows=self.world.rows(self.champion))

    def learn(self, period: int) -> None:
        if period < self.champion.before:
            # The period was served by an earlier one; nothing can be learned of this one from rows that it knows.
            return
        models = {window: Version(window, period) for window in WINDOWS}
        models |= {version.name: version for version in self.earlier[-EARLIER:]}
        challengers = [
            Challenger(
                name=name,
                rows=self.world.rows(self._serving(name, version, period)),
                score=self.world.score(version, self.champion, period),
                error=self.world.error(version, period),
                rival=self.world.error(self.champion, period),
            )
            for name, version in models.items()
            if version != self.champion
        ]
        verdict = judge_period(self.standing, challengers)
        self.standing = verdict.standing
        if verdict.challenger:
            self.gates[verdict.gate] += 1
            name = verdict.challenger.name
            self.standing = succeed(verdict, champion=self.champion.name)
            self.earlier = [version for version in self.earlier if version != models[name]] + [self.champion]
            self.champion = self._serving(name, models[name], period)

    def _serving(self, name: str, version: Version, period: int) -> Version:
        """The version that serves, if a challenger wins."""
        return Version(name, period + 1) if self.refit and name in WINDOWS else version


def simple(world: World) -> dict[str, Policy]:
    """The four simple policies, by name."""
    first = Version(ALL, world.first)
    return {
        "never": Never(first),
        "every period, all rows": EveryPeriod(first, ALL),
        "every period, last window": EveryPeriod(first, LAST),
        "when quality has fallen": OnFall(first, world),
    }
