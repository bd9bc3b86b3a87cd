"""Whether a check is a reason to renew. The answer is a value with its words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evergreen.number_text import counted, number


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """
    Attributes:
        reason: to begin a renewal; empty if there is none.
        told: what people should know of it; empty if nothing has happened.
    """

    reason: str = ""
    told: str = ""


def trigger(
    *, drift: str, quality: str, broken: str, new_labels: int, minimum_labels: int, labels: int, watched: bool = False
) -> Trigger:
    """
    Args:
        drift, quality, broken: what the check has found, in words; empty where it has found nothing.
        new_labels: labelled predictions since those that the last renewal has judged on.
        minimum_labels: with fewer, nothing can be judged.
        labels: so many are a reason by themselves.
        watched: whether the champion is new: then as many as can be judged on are.
    """
    labels = minimum_labels if watched else labels
    causes = [cause for cause in (quality, drift) if cause]
    if broken and (causes or new_labels >= labels):
        return Trigger(told=f"Nothing is renewed on broken input: {broken}.")
    if not causes and new_labels < labels:
        return Trigger()
    if new_labels < minimum_labels:
        return Trigger(
            told=f"Nothing is renewed without labels: {counted(new_labels, 'prediction')} of those since the last "
            f"renewal have one, and {number(minimum_labels)} are needed. Send what really happened to POST /feedback, "
            "or with: evergreen feedback."
        )
    because = ", and the champion is new and watched" if watched else ""
    causes = causes or [f"{number(new_labels)} new labelled predictions{because}"]
    return Trigger(reason="; ".join(causes), told="A renewal begins: it tries models that are fitted to newer rows.")


def broken_features(features: Iterable[Mapping[str, Any]]) -> list[str]:
    """Those of a check's result that are broken, each with what is wrong."""
    return [f"{feature['name']} ({feature['broken']})" for feature in features if feature["broken"]]
