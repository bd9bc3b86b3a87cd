"""[promotion]: when a candidate takes the champion's place."""

from dataclasses import dataclass, field

from evergreen.settings.sections.field import says

REFUSE, ALLOW = "refuse", "allow"
CONTRACT_CHANGES = (REFUSE, ALLOW)


@dataclass(frozen=True, kw_only=True)
class PromotionSettings:
    """When a candidate takes the champion's place."""

    confidence: float = field(
        default=0.975,
        metadata=says(
            "How sure it must be that the candidate is better: the paired bootstrap's lower bound of the gain lies "
            "above 0 at this confidence."
        ),
    )
    slices: list[str] = field(
        default_factory=list,
        metadata=says("Features; no value of theirs with 30 holdout rows may get much worse."),
    )
    slice_tolerance: float = field(
        default=0.2, metadata=says("Much worse: the metric worse by more than this share of it.")
    )
    contract_changes: str = field(
        default=REFUSE,
        metadata=says(
            "What callers send may not change unless this says `allow`: no feature more, less, of another type, or "
            "required that was not.",
            CONTRACT_CHANGES,
        ),
    )
    max_model_mb: float = field(
        default=50.0, metadata=says("Largest model, in megabytes: each function instance loads it.")
    )
    max_latency_ms: float = field(default=50.0, metadata=says("Longest median time to score one row, in milliseconds."))
