"""The rule of renewal: whether a challenger takes the champion's place after a period, and why.

Challengers are models fitted to windows of the rows before the period, and earlier champions as they are. Five gates
let one through. The others ask for less than `sure`, each for a reason:

- sure: it is ahead beyond chance, however often one has looked;
- back: the champion is new, and its predecessor does better on the rows since then;
- moving: what is true of rows is known to change, so that the newest rows are worth more than certainty;
- far: it has so much less error that waiting for certainty costs more than being wrong;
- grown: it was fitted to far more rows than the champion, by the same window, and is not behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evergreen.number_text import counted, number, percent
from evergreen.renewal.evidence import Evidence

ALL, LAST, HALF = "all", "last", "half"
WINDOWS = (ALL, LAST, HALF)

SURE, BACK, MOVING, FAR, GROWN = "sure", "back", "moving", "far", "grown"

# A challenger that is no better is let through by the gate `sure` in one of fifty periods at most.
_DOUBT = 0.02
# Standard errors by which the champion must be ahead of its predecessor to show that the world moves, and behind it to
# give it back its place; for how many periods after a promotion that is looked at.
_AHEAD, _BEHIND, _WATCHED = 0.5, 1.64, 8
# While the world moves, or much is at stake: standard errors that a challenger must be ahead, and periods that a
# champion serves at least.
_LEAD, _PERIODS = 0.5, 2
# How much less error is so much that certainty is not waited for.
_GAP = 1 / 3
# How many times the champion's rows are far more.
_GROWN = 1.5


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """A model that was held against the champion on a period's rows, to which neither was fitted.

    Attributes:
        name: of its window, or the version of an earlier champion.
        rows: that it would be fitted to as champion; 0 for an earlier one, which stays as it is.
        score: how far ahead it was in this period, in standard errors.
        error, rival: its own and the champion's in this period, from 0 up.
    """

    name: str
    rows: int
    score: float
    error: float
    rival: float


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of the champion and its challengers between two periods.

    Attributes:
        champion: how it came: the name of its window, or its version if it is an earlier one.
        rows: that it was fitted to.
        predecessor: the version that it took the place of, as long as that could be given back.
        moving: whether what is true of rows is known to change.
        periods: since the champion took its place.
        evidence: of each challenger by name, since then.
    """

    champion: str
    rows: int
    predecessor: str = ""
    moving: bool = False
    periods: int = 0
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a period has come to.

    Attributes:
        gate: that let the challenger through; empty if none did.
        challenger: that takes the champion's place; None if none does.
        reason: in one sentence.
        standing: of the champion that was; `succeed` gives that of the new one.
    """

    gate: str
    challenger: Challenger | None
    reason: str
    standing: Standing


def judge_period(standing: Standing, challengers: Sequence[Challenger]) -> Verdict:
    """Take in what a period has told, and decide.

    Args:
        challengers: those that could be held against the champion; without any, nothing is learned.
    """
    evidence = {
        each.name: standing.evidence.get(each.name, Evidence()).and_then(each.score, error=each.error, rival=each.rival)
        for each in challengers
    }
    standing = replace(
        standing, periods=standing.periods + bool(challengers), evidence={**standing.evidence, **evidence}
    )
    standing = replace(standing, moving=standing.moving or _is_confirmed(standing))
    needed = len(challengers) / _DOUBT
    for name, gate in _GATES.items():
        if found := gate(standing, challengers, needed):
            challenger, reason = found
            return Verdict(gate=name, challenger=challenger, reason=reason, standing=standing)
    return Verdict(gate="", challenger=None, reason=_kept(standing, challengers, needed), standing=standing)


def succeed(verdict: Verdict, *, champion: str) -> Standing:
    """The standing of a verdict's challenger once it is champion.

    Args:
        champion: the version of the one that was.
    """
    assert verdict.challenger is not None
    return Standing(
        champion=verdict.challenger.name,
        rows=verdict.challenger.rows,
        # Going back happens once: what was given up is not taken up again without proof.
        predecessor="" if verdict.gate == BACK else champion,
        # That a new champion was the right one must show before the world is said to move on.
        moving=verdict.gate in (SURE, FAR),
    )


def is_watched(standing: Standing) -> bool:
    """Whether the champion is so new that its predecessor may take its place back after the next period."""
    return bool(standing.predecessor) and standing.periods < _WATCHED


def account(standing: Standing, challenger: Challenger, *, of: int) -> str:
    """What is known of a challenger since the champion took its place, in a sentence's part.

    Args:
        of: how many challengers there are.
    """
    evidence = standing.evidence[challenger.name]
    errors, since = number(round(abs(evidence.lead), 2)), counted(evidence.periods, "period")
    if evidence.lead < 0:
        return f"{errors} standard errors behind in {since}"
    return f"{errors} standard errors ahead in {since}, {_odds(evidence.odds, of / _DOUBT)}"


_Found = tuple[Challenger, str] | None


def _sure(standing: Standing, challengers: Sequence[Challenger], needed: float) -> _Found:
    sure = [each for each in challengers if standing.evidence[each.name].odds >= needed]
    # Of those that are surely better, the one with the least error now: certainty says nothing of how much, and what
    # was before the world has changed says nothing of what comes.
    best = min(sure, key=lambda each: (each.error, -standing.evidence[each.name].odds), default=None)
    if best is None:
        return None
    evidence = standing.evidence[best.name]
    since = counted(evidence.periods, "period")
    return best, f"{best.name} is ahead of the champion beyond chance in {since}: {_odds(evidence.odds, needed)}"


def _back(standing: Standing, challengers: Sequence[Challenger], _needed: float) -> _Found:
    before = next((each for each in challengers if each.name == standing.predecessor), None)
    if before is None or standing.periods > _WATCHED or (lead := _lead(standing, before)) < _BEHIND:
        return None
    since = counted(standing.periods, "period")
    return before, (
        f"the champion does worse than {before.name}, which it took the place of, on the rows of the {since} since "
        f"then: by {number(lead)} standard errors, and {number(_BEHIND)} are enough to go back"
    )


def _moving(standing: Standing, challengers: Sequence[Challenger], _needed: float) -> _Found:
    best = max(challengers, key=lambda each: _lead(standing, each), default=None)
    if best is None or not standing.moving or standing.periods < _PERIODS or (lead := _lead(standing, best)) <= _LEAD:
        return None
    return best, (
        f"what is true of rows is changing, and {best.name} is ahead of the champion by {number(lead)} standard errors "
        f"in {counted(standing.evidence[best.name].periods, 'period')}; {number(_LEAD)} are enough while it changes"
    )


def _far(standing: Standing, challengers: Sequence[Challenger], _needed: float) -> _Found:
    far = [each for each in challengers if standing.evidence[each.name].gap >= _GAP]
    best = max(far, key=lambda each: _lead(standing, each), default=None)
    if best is None or standing.periods < _PERIODS or (lead := _lead(standing, best)) <= _LEAD:
        return None
    evidence = standing.evidence[best.name]
    return best, (
        f"{best.name} has {percent(evidence.gap)} less error than the champion in "
        f"{counted(evidence.periods, 'period')}, and is ahead by {number(lead)} standard errors: where so much is at "
        f"stake, {percent(_GAP)} and {number(_LEAD)} are enough"
    )


def _grown(standing: Standing, challengers: Sequence[Challenger], _needed: float) -> _Found:
    same = next((each for each in challengers if each.name == ALL == standing.champion), None)
    if same is None or same.rows < _GROWN * standing.rows or _lead(standing, same) <= 0:
        return None
    return same, (
        f"there are {number(same.rows / standing.rows)} times the rows that the champion was fitted to, and a model of "
        "all of them is not behind it"
    )


# In this order; the first that lets a challenger through decides.
_GATES = {SURE: _sure, BACK: _back, MOVING: _moving, FAR: _far, GROWN: _grown}


def _is_confirmed(standing: Standing) -> bool:
    """Whether the champion has shown to be better than its predecessor: then the world has changed since that one."""
    before = standing.evidence.get(standing.predecessor)
    return before is not None and standing.periods <= _WATCHED and before.lead <= -_AHEAD


def _lead(standing: Standing, challenger: Challenger) -> float:
    return standing.evidence[challenger.name].lead


def _kept(standing: Standing, challengers: Sequence[Challenger], needed: float) -> str:
    if not challengers:
        return "no challenger could be held against the champion"
    best = max(challengers, key=lambda each: standing.evidence[each.name].odds)
    odds = standing.evidence[best.name].odds
    first = f"the first of them is {best.name}: {_odds(odds, needed)}"
    return f"no challenger is ahead of the champion beyond chance; {first}"


def _odds(odds: float, needed: float) -> str:
    return f"odds of {number(round(odds))} to 1, and {number(needed)} to 1 are needed"
