"""All of model.toml."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from evergreen.errors import InvalidSettings
from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.settings.sections.documents import CardSettings, SheetSettings
from evergreen.settings.sections.feature_store import FeatureStoreSettings
from evergreen.settings.sections.field import says
from evergreen.settings.sections.fit import DecisionSettings, EstimatorSettings, PreprocessingSettings
from evergreen.settings.sections.monitoring import DriftSettings, QualitySettings
from evergreen.settings.sections.promotion import PromotionSettings
from evergreen.settings.sections.renewal import RenewalSettings
from evergreen.settings.sections.serving import AlarmSettings, EndpointSettings, LogSettings, NotificationSettings
from evergreen.settings.sections.table import GROUP, TIME, DataSettings, SplitSettings
from evergreen.settings.sections.tracking import TrackingSettings

TASKS = (REGRESSION, CLASSIFICATION)


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """What the model is called, what it predicts, and how it is judged."""

    name: str = field(metadata=says("Lower-case words joined by hyphens."))
    data: DataSettings
    split: SplitSettings
    columns: dict[str, str] = field(
        default_factory=dict,
        metadata=says(
            "What a column is taken for, where the guess is wrong: `number`, `category` or `date`, by its name."
        ),
    )
    description: str = field(default="", metadata=says("What is predicted, in which unit."))
    task: str = field(default=REGRESSION, metadata=says("What kind of target it is.", TASKS))
    metric: str = field(
        default="mape", metadata=says("Decides which model is better; whether higher or lower is, is known by name.")
    )
    positive: str = field(
        default="",
        metadata=says(
            "The class of two that `average_precision` and `recall_at_precision` look for. Without it, the second of "
            "the sorted classes, as in scikit-learn."
        ),
    )
    seed: int = field(default=0, metadata=says("Of everything random in training."))
    preprocessing: PreprocessingSettings = field(default_factory=PreprocessingSettings)
    estimator: EstimatorSettings = field(default_factory=EstimatorSettings)
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    promotion: PromotionSettings = field(default_factory=PromotionSettings)
    card: CardSettings = field(default_factory=CardSettings)
    sheet: SheetSettings = field(default_factory=SheetSettings)
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    log: LogSettings = field(default_factory=LogSettings)
    drift: DriftSettings = field(default_factory=DriftSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    renewal: RenewalSettings = field(default_factory=RenewalSettings)
    features: FeatureStoreSettings = field(default_factory=FeatureStoreSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)

    @property
    def group(self) -> str:
        """The column whose equal values belong together; empty if there is none."""
        return self.data.group or (self.split.by if self.split.type == GROUP else "")

    @property
    def row_time(self) -> str:
        """The column with the moment of each row, at which stored features are looked up; empty if there is none."""
        return self.features.time or (self.split.by if self.split.type == TIME else "")

    @property
    def no_features(self) -> set[str]:
        """The columns that the model does not see."""
        return {self.data.target, self.data.weight, *self.data.leave_out}

    @property
    def unread(self) -> set[str]:
        """The columns that nothing needs. The split and the fit need theirs even if the model does not use them."""
        return set(self.data.leave_out) - {self.split.by, self.group, self.data.weight}

    def named_columns(self) -> list[str]:
        """The columns that the table must have, whatever its features are."""
        named = [name for name in (self.split.by, self.data.group, self.data.weight) if name]
        return [self.data.target, *named, *self.data.leave_out, *self.columns]

    def require_name(self, deployed: str) -> None:
        """Hold the model's name against that of the stack that would train it.

        Raises:
            InvalidSettings: the stack is another model's.
        """
        if self.name != deployed:
            raise InvalidSettings(
                f"model.toml is of the model {self.name!r}, and the stack is of {deployed!r}, whose endpoint would "
                "answer with another model. For a stack of its own, add an environment to infra/environments.py and "
                "run: cdk deploy evergreen-<its name> (on a laptop: make up). To replace the model, set "
                f"name = {deployed!r}"
            )

    def check_features(self, features: Sequence[str], *, dates: Collection[str] = (), file: str) -> None:
        """Hold what is said about features against those that the table has.

        Args:
            dates: those that are dates.

        Raises:
            InvalidSettings: one is named that there is not, or a date where values must come again.
        """
        named = {
            "[preprocessing] log": self.preprocessing.log,
            "[promotion] slices": self.promotion.slices,
            "[drift] leave_out": self.drift.leave_out,
            "[drift] season": [self.drift.season] if self.drift.season else [],
            "[quality] slices": self.quality.slices,
            "[log] leave_out": self.log.leave_out,
        }
        for setting, names in named.items():
            for name in names:
                # A join key of stored features is recorded too, and need be no feature.
                is_key = setting == "[log] leave_out" and self.features.service and name in self.data.leave_out
                if name not in features and not is_key:
                    raise InvalidSettings(
                        f"model.toml: {setting} names {name!r}, which is no feature of {file}; "
                        f"the features are: {', '.join(features)}"
                    )
                if name in dates and setting in ("[promotion] slices", "[quality] slices", "[drift] season"):
                    raise InvalidSettings(
                        f"model.toml: {setting} names {name!r}, a date: its values do not come again. Name a number or "
                        "a category, such as a column of the month"
                    )
