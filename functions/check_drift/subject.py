"""The subject of a check, read from the champion's bundle."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from evergreen.contract.contract import Contract
from evergreen.monitoring.drift.history import History
from evergreen.settings.sections import DriftSettings, QualitySettings
from evergreen.versions.bundle import CONTRACT, Bundle, HoldoutRow
from evergreen.versions.champion import Champion


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The subject of a check: the champion with its bundle, and the features that are never captured."""

    model: str
    champion: Champion
    bundle: Bundle
    not_captured: Sequence[str]

    @cached_property
    def contract(self) -> Contract:
        return Contract.from_json(self.bundle.files[CONTRACT])

    @cached_property
    def holdout(self) -> list[HoldoutRow]:
        return list(self.bundle.holdout())

    @property
    def quality(self) -> QualitySettings:
        return QualitySettings(**self.bundle.monitoring["quality"])

    @cached_property
    def rule(self) -> DriftSettings:
        # The champion may have been trained by another release, which had other settings.
        known = {field.name for field in fields(DriftSettings)}
        return DriftSettings(**{key: value for key, value in self.bundle.monitoring["drift"].items() if key in known})

    @cached_property
    def history(self) -> History:
        stored = self.bundle.monitoring.get("history")
        return History.from_dict(stored) if stored else History()

    @property
    def group(self) -> str:
        """The column of the groups; empty if there is none."""
        return str(self.bundle.monitoring.get("group", ""))

    @property
    def decision(self) -> dict[str, Any] | None:
        """As training.fitting.decision.summary has it; None if no threshold decides."""
        return self.bundle.metrics.get("decision")

    @property
    def importance(self) -> dict[str, float]:
        """By feature, as Train measured it."""
        return {name: each["mean"] for name, each in self.bundle.metrics["importance"].items()}
