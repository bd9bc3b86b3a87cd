"""[drift] and [quality]: what the checks look at."""

from dataclasses import dataclass, field

from evergreen.settings.sections.field import says

# Reasons of a drift alarm.
SHARE, IMPORTANCE, BROKEN, PREDICTION = "share", "importance", "broken", "prediction"
DRIFT_REASONS = (SHARE, IMPORTANCE, BROKEN, PREDICTION)
# Stands for whoever asked for a prediction, where callers are named.
SAME_CALLER = "same caller"


@dataclass(frozen=True, kw_only=True)
class DriftSettings:
    """When a window of predictions is said to have drifted from the holdout. It travels in the bundle."""

    false_alarms_per_year: float = field(
        default=1.0, metadata=says("How many alarms a year of checks may raise when nothing has moved.")
    )
    alarm_on: list[str] = field(
        default_factory=lambda: list(DRIFT_REASONS),
        metadata=says(
            "What a check alarms on: `share`, `importance`, `broken`, as below; `prediction`: the predictions "
            "themselves have moved."
        ),
    )
    share: float = field(default=0.3, metadata=says("Of the features that have drifted; more than this is a reason."))
    importance: float = field(
        default=0.25,
        metadata=says("Share of the permutation importance that drifted features must carry: more than this."),
    )
    broken: float = field(
        default=0.9,
        metadata=says(
            "Share of the rows from which a feature is broken: missing, never seen in training, outside the training "
            "range, or one value."
        ),
    )
    smallest_shift: float = field(
        default=0.05, metadata=says("Share of the rows that must have moved before a difference counts.")
    )
    minimum_rows: int = field(
        default=200,
        metadata=says('With fewer rows, in the window or in the reference, the status is "insufficient data".'),
    )
    leave_out: list[str] = field(
        default_factory=list, metadata=says("Features that are not compared, such as time itself.")
    )
    season: str = field(
        default="",
        metadata=says("A feature; the window is compared with the reference rows that have the same values of it."),
    )
    every_hours: int = field(default=24, metadata=says("Hours between two checks; a change needs `cdk deploy`."))
    window_hours: int = field(default=24, metadata=says("How far back a check looks; a change needs `cdk deploy`."))

    @property
    def most_false_alarms(self) -> float:
        """One check in five: beyond it, an alarm says nothing."""
        return self.checks_per_year / 5

    @property
    def checks_per_year(self) -> float:
        """How many scheduled checks a year has."""
        return 365.25 * 24 / self.every_hours


@dataclass(frozen=True, kw_only=True)
class QualitySettings:
    """The live metric on predictions whose truth has come in."""

    days: int = field(default=30, metadata=says("How far back truths are taken into account; at most 30."))
    minimum_labels: int = field(default=100, metadata=says("With fewer, quality is not known."))
    slices: list[str] = field(
        default_factory=list, metadata=says("Categorical features; the metric is also given for each of their values.")
    )
    labels_from: list[str] = field(
        default_factory=list,
        metadata=says(
            "Whose truths count: ARNs of IAM roles (without a path) and users, subjects of tokens, or `same caller`: "
            "who asked for the prediction. If empty, everybody's."
        ),
    )
