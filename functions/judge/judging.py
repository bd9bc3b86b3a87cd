"""Decides from two bundles whether the candidate should be served. Knows nothing of AWS."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evergreen.contract.changes import compare
from evergreen.contract.contract import Contract
from evergreen.judging import improvement, promotion
from evergreen.judging.improvement import Comparison
from evergreen.judging.parity import find_difference
from evergreen.judging.promotion import Decision, Gate, decide
from evergreen.metrics import metric_of
from evergreen.settings.sections import PromotionSettings
from evergreen.versions.bundle import MODEL, Bundle
from functions.judge.comparison import (
    Judged,
    compare_apart,
    compare_slices,
    gain_over_baseline,
    pair,
    why_not_comparable,
)
from functions.judge.latency import milliseconds_a_row

# Says what the feature store lacks of what a contract's views give.
LookUp = Callable[[Contract], Sequence[str]]


def no_feature_store(_contract: Contract) -> Sequence[str]:
    """Where there is none, it lacks everything."""
    return [
        "the model was trained with a feature store, and none is deployed here: name its service in [features] of "
        "model.toml, then run: evergreen features apply && cdk deploy"
    ]


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What a candidate has come to.

    Attributes:
        gates: all of them, `improved` among them.
        improved: whether it is better than the champion, on its holdout alone.
        judged: the candidate.
        compared: both models on the same rows; None if they cannot be held against each other there.
    """

    gates: tuple[Gate, ...]
    improved: Gate
    judged: Judged
    compared: Comparison | None


def judge(
    candidate: Bundle,
    champion: Bundle | None,
    *,
    online: LookUp = no_feature_store,
    clock: Callable[[], float] = time.perf_counter,
) -> Decision:
    """
    Args:
        online: looks at the feature store; of a candidate without stored features it is not asked.
        clock: gives seconds, to measure the latency by.

    Raises:
        BrokenBundle: a model is not what training wrote.
    """
    found = examine(candidate, champion, online=online, clock=clock)
    return decide(found.gates, improvement=found.improved)


def examine(candidate: Bundle, champion: Bundle | None, *, online: LookUp, clock: Callable[[], float]) -> Examination:
    """Evaluate every gate, even after one has failed: who repairs one wants to know about the others.

    Raises:
        BrokenBundle: a model is not what training wrote.
    """
    settings = PromotionSettings(**candidate.metrics["promotion"])
    metric = candidate.metrics["metric"]
    judged = of_bundle(candidate)
    present = _present(champion, candidate, judged)
    baseline = improvement.better_than_baseline(
        metric,
        metric_of(metric).measure(judged.outcomes),
        candidate.metrics["baseline"][metric],
        gain=gain_over_baseline(judged, candidate.metrics.get("baseline_model"), metric, settings.confidence),
        confidence=settings.confidence,
    )
    improved, slices, compared = _against_champion(judged, present, metric, settings, baseline)
    gates = (
        promotion.parity(find_difference(judged.model, judged.rows), rows=len(judged.rows)),
        promotion.documents(candidate.files),
        promotion.size(len(candidate.files[MODEL]), limit_mb=settings.max_model_mb),
        promotion.latency(milliseconds_a_row(judged.model, judged.rows, clock), limit_ms=settings.max_latency_ms),
        _contract(judged, present, settings),
        *stored(judged.contract, online),
        baseline,
        improved,
        slices,
    )
    return Examination(gates=gates, improved=improved, judged=judged, compared=compared)


def of_bundle(bundle: Bundle) -> Judged:
    """The bundle's model with its own holdout."""
    return Judged(model=bundle.model(), read=bundle.holdout)


def stored(contract: Contract, online: LookUp) -> tuple[Gate, ...]:
    """The gate of the feature store; none for a model without stored features."""
    return (promotion.stored(online(contract), views=len(contract.stored)),) if contract.stored else ()


def _present(champion: Bundle | None, candidate: Bundle, judged: Judged) -> Judged | None:
    """The champion, which is the judged candidate itself if their digests are equal: it is not loaded twice."""
    if champion is None:
        return None
    return judged if champion.digest == candidate.digest else of_bundle(champion)


def _contract(candidate: Judged, champion: Judged | None, settings: PromotionSettings) -> Gate:
    changes = compare(champion.contract, candidate.contract) if champion else None
    return promotion.contract(changes, rule=settings.contract_changes)


def _against_champion(
    candidate: Judged,
    champion: Judged | None,
    metric: str,
    settings: PromotionSettings,
    baseline: Gate,
) -> tuple[Gate, Gate, Comparison | None]:
    """The gates of the whole holdout and of its slices, and the comparison on the same rows that they are made from.

    The champion is measured on the candidate's holdout rows. If it can read none of them, since the features changed,
    its own holdout stands in, and the reason says so. A champion of another table is no measure at all.
    """
    if champion is None:
        return improvement.first_champion(baseline), improvement.no_slices("there is no champion to compare with"), None
    if champion is candidate:
        return improvement.same_model(), improvement.no_slices("it is the same model as the champion"), None
    if obstacle := why_not_comparable(candidate, champion, metric):
        return improvement.not_comparable(obstacle, baseline), improvement.no_slices(obstacle), None
    both = pair(candidate, champion, metric)
    if both is None:
        found = compare_apart(candidate, champion, metric, confidence=settings.confidence)
        return (
            improvement.better_than_champion(found, confidence=settings.confidence),
            improvement.no_slices("the champion cannot read the candidate's rows"),
            None,
        )
    if unknown := both.why_unknown():
        why = f"it cannot be compared with the champion: {unknown}"
        return improvement.not_comparable(why, baseline), improvement.no_slices(why), None
    slices = compare_slices(both, settings.slices, confidence=settings.confidence)
    compared = both.compare(confidence=settings.confidence)
    return (
        improvement.better_than_champion(compared, confidence=settings.confidence),
        improvement.no_slice_much_worse(slices, tolerance=settings.slice_tolerance),
        compared,
    )
