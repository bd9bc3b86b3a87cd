"""Sends later months of the demo's data through the endpoint, as its callers would."""

import csv
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from cli.aws.endpoint import Endpoint
from cli.aws.target import CHECKOUT
from evergreen.contract.feature import NUMBER

LATER = CHECKOUT / "data" / "texas_2007_2015.csv"
# That the demo prints.
CITIES = ("Austin", "Dallas", "El Paso", "Houston", "San Antonio")


@dataclass(frozen=True)
class CityMonth:
    """A row of the later data: the features as the model takes them, and the true median price."""

    features: dict[str, Any]
    median: float


@dataclass(frozen=True)
class Replayed:
    """Months that have been predicted.

    Attributes:
        mean_error: mean absolute error of the predictions, as a share of the true price.
        truths: the true prices by prediction id, as POST /feedback takes them.
    """

    mean_error: float
    truths: list[dict[str, Any]]

    @property
    def prediction_ids(self) -> list[str]:
        return [truth["prediction_id"] for truth in self.truths]


def city_months(
    year: int, months: Collection[int], features: list[dict[str, Any]], cities: Collection[str] | None = None
) -> list[CityMonth]:
    """Months that the model has not seen, with their true price.

    Args:
        features: those of the contract.
        cities: all, if not given.
    """
    with LATER.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if int(row["year"]) == year and int(row["month"]) in months]
    return [
        CityMonth(
            features={
                feature["name"]: _cell(row[feature["name"]], number=feature["type"] == NUMBER) for feature in features
            },
            median=float(row["median"]),
        )
        for row in rows
        # A month without sales has no price, and leaves fields empty that training always had.
        if row["median"] and (cities is None or row["city"] in cities)
    ]


def replay(endpoint: Endpoint, rows: list[CityMonth], progress: Callable[[str], None]) -> Replayed:
    """Predict month by month, all cities of a month in one request."""
    by_month: dict[Any, list[CityMonth]] = {}
    for row in rows:
        by_month.setdefault(row.features["month"], []).append(row)
    errors, truths = [], []
    for count, month in enumerate(by_month.values(), 1):
        answer = endpoint.predict({"instances": [row.features for row in month]})
        for row, predicted in zip(month, answer["predictions"], strict=True):
            errors.append(abs(predicted["prediction"] / row.median - 1))
            truths.append({"prediction_id": predicted["prediction_id"], "actual": row.median})
        progress(f"month {count} of {len(by_month)}")
    return Replayed(mean_error=sum(errors) / len(errors), truths=truths)


def _cell(word: str, *, number: bool) -> str | float | None:
    if word == "":
        return None
    return float(word) if number else word
