"""Candidate against champion on the same holdout rows. No AWS in here."""

from evergreen.bundle import Bundle, HoldoutRow, ServableModel
from evergreen.errors import InvalidRow
from evergreen.metrics import METRICS, Outcomes
from evergreen.parity import find_difference
from evergreen.promotion import Decision, decide_promotion, refuse


def judge(candidate: Bundle, champion: Bundle | None) -> Decision:
    """Whether the candidate should serve.

    The champion is measured on the candidate's holdout rows. If it cannot read them, since the features changed,
    its own holdout's stands in, and the reason says so. A champion of another task is no measure at all.

    Raises:
        BrokenBundle: the candidate's model is not what training wrote.
    """
    rows = list(candidate.holdout())
    difference = find_difference(candidate.model(), rows)
    if difference:
        return refuse(difference)
    metric = candidate.metrics["metric"]
    note = ""
    champion_value = None
    if champion is not None:
        champion_value = _measure(champion.model(), rows, metric)
        if champion_value is None and metric in champion.metrics["holdout"]:
            champion_value = champion.metrics["holdout"][metric]
            note = " (measured on the champion's own holdout: its features differ)"
    decision = decide_promotion(
        metric=metric,
        candidate=candidate.metrics["holdout"][metric],
        baseline=candidate.metrics["baseline"][metric],
        champion=champion_value,
    )
    return Decision(promote=decision.promote, reason=decision.reason + note)


def _measure(model: ServableModel, rows: list[HoldoutRow], metric: str) -> float | None:
    """A model's metric on rows; None if it cannot read them, or predicts something else."""
    try:
        values = [model.contract.parse(row.features) for row in rows]
        outcomes = Outcomes(
            actual=[row.actual for row in rows],
            predicted=[model.predict(row) for row in values],
            probabilities=[model.probabilities(row) or [] for row in values],
            classes=model.contract.classes,
        )
        return METRICS[metric].measure(outcomes) if METRICS[metric].task == model.contract.task else None
    except InvalidRow:
        return None
