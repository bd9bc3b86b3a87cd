"""Candidate against champion on the same holdout rows. No AWS in here."""

from evergreen.bundle import Bundle, HoldoutRow, ServableModel
from evergreen.errors import InvalidRow
from evergreen.metrics import METRICS
from evergreen.parity import find_difference
from evergreen.promotion import Decision, decide_promotion, refuse


def judge(candidate: Bundle, champion: Bundle | None) -> Decision:
    """Whether the candidate should serve.

    The champion is measured on the candidate's holdout rows. If it cannot read them, since the features changed,
    its own holdout's error stands in, and the reason says so.

    Raises:
        BrokenBundle: the candidate's model is not what training wrote.
    """
    rows = list(candidate.holdout())
    difference = find_difference(candidate.model(), rows)
    if difference:
        return refuse(difference)
    metric = candidate.metrics["metric"]
    note = ""
    champion_error = None
    if champion is not None:
        champion_error = _error(champion.model(), rows, metric)
        if champion_error is None:
            champion_error = champion.metrics["holdout"][metric]
            note = " (measured on the champion's own holdout: its features differ)"
    decision = decide_promotion(
        metric=metric,
        candidate=candidate.metrics["holdout"][metric],
        baseline=candidate.metrics["baseline"][metric],
        champion=champion_error,
    )
    return Decision(promote=decision.promote, reason=decision.reason + note)


def _error(model: ServableModel, rows: list[HoldoutRow], metric: str) -> float | None:
    try:
        predicted = [model.predict(model.contract.parse(row.features)) for row in rows]
    except InvalidRow:
        return None
    return METRICS[metric]([row.actual for row in rows], predicted)
