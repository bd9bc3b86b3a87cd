"""[renewal]: when a model is trained again by itself."""

from dataclasses import dataclass, field

from evergreen.renewal.rule import WINDOWS
from evergreen.settings.sections.field import says


@dataclass(frozen=True, kw_only=True)
class RenewalSettings:
    """When a model is trained again by itself, on predictions whose truth has come in. A change needs `cdk deploy`."""

    enabled: bool = field(default=False, metadata=says("Whether it is. Without it, nothing of it is deployed."))
    windows: list[str] = field(
        default_factory=lambda: list(WINDOWS),
        metadata=says(
            "What challengers are fitted to: `all` rows, `last`: as many of the newest as the table itself has, "
            "`half`: half as many. Each costs a training."
        ),
    )
    refit: bool = field(
        default=False,
        metadata=says(
            "Whether what wins is fitted again before it serves, to the rows that it was judged on as well. Nobody has "
            "judged that model: it must predict much the same."
        ),
    )
    labels: int = field(
        default=500,
        metadata=says(
            "So many new labelled predictions are a reason by themselves. Drift, or a fall in quality, is one from "
            "`[quality] minimum_labels` on."
        ),
    )
    every_days: int = field(
        default=0, metadata=says("Days after which it is tried in any case, if there are labels; 0: no such reason.")
    )
    on_new_data: bool = field(
        default=False,
        metadata=says(
            "Whether a new version of the data, which `evergreen data push` or `data add` has brought, is trained on "
            "with the champion's settings. That counts as a renewal."
        ),
    )
    cool_down_hours: float = field(default=24.0, metadata=says("From the start of one renewal to that of the next."))
    runs_per_day: int = field(default=1, metadata=says("Most renewals in 24 hours, failed ones too."))
    runs_per_month: int = field(default=10, metadata=says("Most renewals in 30 days."))
    dollars_per_month: float = field(
        default=20.0,
        metadata=says(
            "Most that the jobs of 30 days may cost. A renewal begins only if its jobs could run to their time limits "
            "within it."
        ),
    )
    hands_off_days: float = field(
        default=7.0, metadata=says("For how long a champion that somebody has gone back to by hand is left alone.")
    )
    most_from_one: float = field(
        default=0.8,
        metadata=says(
            "Share of the labels that one caller of several may have told, where `[quality] labels_from` names none."
        ),
    )
    most_lost: float = field(
        default=0.4,
        metadata=says(
            "How much less the features may tell of the newest labels than of as many rows before. A third of labels "
            "that were mixed up costs a third to a half of it; a world that has changed is learned as the old one was."
        ),
    )
