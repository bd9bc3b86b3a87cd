"""Decides which challenger of a renewal takes the champion's place, if any does. Knows nothing of AWS."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evergreen.contract.changes import compare
from evergreen.errors import InvalidRow
from evergreen.judging import promotion
from evergreen.judging.improvement import Comparison
from evergreen.judging.promotion import Gate
from evergreen.metrics import metric_of
from evergreen.renewal.ledger import Model
from evergreen.renewal.rule import Challenger, Standing, Verdict, account, judge_period, succeed
from evergreen.settings.sections import PromotionSettings
from evergreen.versions.bundle import Bundle, HoldoutRow
from functions.judge.comparison import Judged, pair, why_not_comparable
from functions.judge.judging import Examination, LookUp, examine, no_feature_store, of_bundle, stored

_RENEWAL = "renewal"
# The gate of a training that the rule of renewal stands in for: it looks at one holdout alone.
_CHAMPION = "champion"


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A bundle that wants to be champion: fitted to a window of the rows, or an earlier champion.

    Attributes:
        name: of the window; of an earlier champion, its version.
    """

    name: str
    model: Model
    bundle: Bundle

    @property
    def is_earlier(self) -> bool:
        return self.name == self.model.version


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What has come of one entrant.

    Attributes:
        error, rival: its own and the champion's on the period's rows, by the metric; None if they are not known.
        reason: why it takes the champion's place, or not.
        gates: those of a training, with that of the renewal in place of `champion`.
    """

    entrant: Entrant
    error: float | None
    rival: float | None
    reason: str
    gates: tuple[Gate, ...]


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """
    Attributes:
        winner: None if the champion stays.
        standing: after the period; of the winner, if there is one.
    """

    winner: Entrant | None
    reason: str
    standing: Standing
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, kw_only=True)
class _Held:
    """An entrant that was held against the champion. `closed` is the gate that keeps it out, whatever it has shown."""

    entrant: Entrant
    gates: tuple[Gate, ...]
    closed: Gate | None
    compared: Comparison | None


def renew(
    windows: Sequence[Entrant],
    earlier: Sequence[Entrant],
    champion: Bundle,
    standing: Standing,
    *,
    version: str,
    online: LookUp = no_feature_store,
    clock: Callable[[], float] = time.perf_counter,
) -> Renewal:
    """Hold all entrants against the champion, on the rows that the windows' bundles have as their holdout.

    Args:
        windows: one at least.
        standing: before the period.
        version: of the champion.
        online: as in judging.judge.

    Raises:
        BrokenBundle: a model is not what training wrote.
    """
    settings = PromotionSettings(**windows[0].bundle.metrics["promotion"])
    metric = windows[0].bundle.metrics["metric"]
    examined = [examine(each.bundle, champion, online=online, clock=clock) for each in windows]
    held = [_window(each, found) for each, found in zip(windows, examined, strict=True)]
    rows, present = examined[0].judged.rows, of_bundle(champion)
    held += [_earlier(each, rows, present, metric, settings, online) for each in earlier]
    challengers = {}
    for each in held:
        if each.compared and not each.closed:
            challengers[each.entrant.name] = _challenger(each.entrant, each.compared)
    verdict = judge_period(standing, list(challengers.values()))
    won = verdict.challenger.name if verdict.challenger else None
    return Renewal(
        winner=next((each.entrant for each in held if each.entrant.name == won), None),
        reason=verdict.reason,
        standing=succeed(verdict, champion=version) if won else verdict.standing,
        judgements=tuple(_judgement(each, challengers, verdict, metric) for each in held),
    )


def _window(entrant: Entrant, found: Examination) -> _Held:
    others = tuple(gate for gate in found.gates if gate.name != _CHAMPION)
    closed = next((gate for gate in others if not gate.passed), None)
    # Without the same rows to be measured on, the gate says why.
    return _Held(
        entrant=entrant,
        gates=others,
        closed=closed or (None if found.compared else found.improved),
        compared=found.compared,
    )


def _earlier(
    entrant: Entrant,
    rows: Sequence[HoldoutRow],
    champion: Judged,
    metric: str,
    settings: PromotionSettings,
    online: LookUp,
) -> _Held:
    model = entrant.bundle.model()
    changes = compare(champion.contract, model.contract)
    gates = (promotion.contract(changes, rule=settings.contract_changes), *stored(model.contract, online))
    answered = []
    for row in rows:
        try:
            values = model.contract.parse(row.features)
        except InvalidRow:
            continue
        answered.append(replace(row, predicted=model.predict(values), probabilities=model.probabilities(values)))
    judged = Judged(model=model, read=lambda: answered)
    both = pair(judged, champion, metric) if answered else None
    why = why_not_comparable(judged, champion, metric) if answered else f"it can read none of {len(rows)} rows"
    why = why or (both.why_unknown() if both else "the champion can read none of the rows")
    closed = next((gate for gate in gates if not gate.passed), None)
    if why and not closed:
        closed = Gate(name=_CHAMPION, passed=False, reason=f"it cannot be held against the champion: {why}")
    compared = both.compare(confidence=settings.confidence) if both and not closed else None
    return _Held(entrant=entrant, gates=gates, closed=closed, compared=compared)


def _challenger(entrant: Entrant, found: Comparison) -> Challenger:
    return Challenger(
        name=entrant.name,
        rows=0 if entrant.is_earlier else int(entrant.bundle.metrics["rows"]["train_rows"]),
        score=found.gain.score,
        error=_error(found.metric, found.candidate),
        rival=_error(found.metric, found.champion),
    )


def _error(metric: str, value: float) -> float:
    return 1 - value if metric_of(metric).higher_is_better else value


def _judgement(held: _Held, challengers: Mapping[str, Challenger], verdict: Verdict, metric: str) -> Judgement:
    name = held.entrant.name
    error = rival = None
    won = verdict.challenger is not None and verdict.challenger.name == name
    if challenger := challengers.get(name):
        text = metric_of(metric).text
        error, rival = (_error(metric, each) for each in (challenger.error, challenger.rival))
        known = account(verdict.standing, challenger, of=len(challengers))
        measured = f"{metric} {text(error)}, {text(rival)} of the champion; {known}"
        reason = verdict.reason if won else measured
    else:
        assert held.closed is not None
        reason = held.closed.reason
    gate = Gate(name=_RENEWAL, passed=won, reason=reason)
    return Judgement(entrant=held.entrant, error=error, rival=rival, reason=reason, gates=(*held.gates, gate))
