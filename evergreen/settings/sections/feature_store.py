"""[features]: what a feature store gives to a row."""

from dataclasses import dataclass, field

from evergreen.settings.sections.field import says

IMPUTE, REFUSE = ENTITY_RULES = ("impute", "refuse")


@dataclass(frozen=True, kw_only=True)
class FeatureStoreSettings:
    """The features that callers need not send: Feast's definitions in `features/` say what they are. A change needs
    `cdk deploy`."""

    service: str = field(
        default="",
        metadata=says(
            "The feature service in `features/` whose features belong to each row. Without it, nothing of a feature "
            "store is deployed."
        ),
    )
    time: str = field(
        default="",
        metadata=says(
            "The column with the moment of each row of the table: it gets the features as they were known then. "
            "Without it, the column that `[split]` orders by."
        ),
    )
    missing: str = field(
        default=IMPUTE,
        metadata=says(
            "What happens to a row whose entity is not in the store, or older there than its view allows. `impute`: "
            "its features are missing values, as far as the contract takes them; `refuse`: the request is answered "
            "by 422.",
            ENTITY_RULES,
        ),
    )
    every_hours: int = field(
        default=24, metadata=says("Hours after which what is new in the history is written to the online store.")
    )
