"""[card] and [sheet]: what only a person can say."""

from dataclasses import dataclass, field

from evergreen.settings.sections.field import says


@dataclass(frozen=True, kw_only=True)
class CardSettings:
    """What only a person can say of the model; the model card names what is missing."""

    owner: str = field(default="", metadata=says("Who is responsible for the model."))
    contact: str = field(default="", metadata=says("Where questions go."))
    license: str = field(default="", metadata=says("Under which terms it may be used."))
    intended_use: str = field(default="", metadata=says("What it is for, and for whom."))
    out_of_scope: str = field(default="", metadata=says("What it must not be used for."))
    ethics: str = field(default="", metadata=says("Risks and harms that were considered."))
    caveats: str = field(default="", metadata=says("What else to know before relying on it."))


@dataclass(frozen=True, kw_only=True)
class SheetSettings:
    """What only a person can say of the data; the data sheet names what is missing."""

    motivation: str = field(default="", metadata=says("Why the data was collected, by whom, paid by whom."))
    collection: str = field(default="", metadata=says("How, when and from where it was collected."))
    cleaning: str = field(default="", metadata=says("Cleaning before the data reached this project."))
    sensitive: str = field(default="", metadata=says("Whether it is about people, and what about them is sensitive."))
    distribution: str = field(default="", metadata=says("Who may use or receive the data, under which licence."))
    maintenance: str = field(default="", metadata=says("Who keeps it up to date, and how often."))
