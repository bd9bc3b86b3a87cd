"""A small table that every estimator can be trained on, and the settings to do it."""

import dataclasses

import numpy as np
import pandas as pd

from evergreen.metrics import CLASSIFICATION, REGRESSION
from evergreen.settings.sections import ESTIMATORS, DataSettings, EstimatorSettings, ModelSettings, SplitSettings
from training.prepare import prepare

SETTINGS = {
    task: ModelSettings(
        name="houses",
        task=task,
        metric=metric,
        data=DataSettings(path="", target="price"),
        split=SplitSettings(by="day", holdout=0.3),
    )
    for task, metric in ((REGRESSION, "mae"), (CLASSIFICATION, "log_loss"))
}
ALL = [(task, type_) for task in ESTIMATORS for type_ in ESTIMATORS[task]]


def houses() -> pd.DataFrame:
    """Numbers, categories and dates, missing values in all, and a city and times that only the holdout knows."""
    random = np.random.default_rng(0)
    rows = 400
    city = random.choice(["Austin", "Waco", "Zürich"], rows).astype(object)
    city[random.random(rows) < 0.05] = None
    city[-10:] = "Paris"
    size = np.where(random.random(rows) < 0.1, np.nan, random.normal(100, 30, rows).round(1))
    price = np.nan_to_num(size, nan=90) * np.where(city == "Waco", 1000, 2000) + random.normal(size=rows)
    listed = pd.date_range("2019-12-30", periods=rows, freq="36h").strftime("%Y-%m-%dT%H:%M").to_numpy(object)
    listed[random.random(rows) < 0.05] = None
    return pd.DataFrame({"day": range(rows), "city": city, "size": size, "listed": listed, "price": price})


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """As it would be read from a CSV."""
    return frame.astype(object).where(frame.notna(), None).map(lambda value: None if value is None else str(value))


def prepared_houses():
    """What Prepare makes of the houses for each task; the classes are three ranges of the price."""
    frame = houses()
    ranges = pd.cut(frame.price, [-np.inf, 120_000, 180_000, np.inf], labels=["high", "low", "middle"]).astype(object)
    tables = {REGRESSION: frame, CLASSIFICATION: frame.assign(price=ranges)}
    return {task: prepare(as_text(table), SETTINGS[task], file="houses.csv") for task, table in tables.items()}


def with_estimator(task: str, type_: str, **parameters) -> ModelSettings:
    return dataclasses.replace(SETTINGS[task], estimator=EstimatorSettings(type=type_, parameters=parameters))
