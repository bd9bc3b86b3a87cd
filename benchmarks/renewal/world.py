"""A table that comes in periods, and the models that can be fitted to what is known of it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from evergreen.judging.bootstrap import paired_gain
from evergreen.judging.dependence import Units
from evergreen.metrics import CLASSIFICATION, Outcomes, metric_of
from evergreen.renewal.rule import ALL, HALF

Floats = NDArray[np.float64]
# The bootstrap's draws give a standard error only.
_RESAMPLES = 200
_CONFIDENCE = 0.975
TREES = 40
# Several worlds are lived through side by side.
_THREADS = 1


@dataclass(frozen=True)
class Version:
    """A model by what it is fitted to: a window of the rows before a period."""

    window: str
    before: int

    @property
    def name(self) -> str:
        return f"{self.window}, before period {self.before}"


@dataclass
class World:
    """Rows in time order, cut into periods.

    Attributes:
        features: of shape (rows, features); NaN is missing.
        target: numbers, or 0 and 1 for a classification.
        starts: the first row of each period, and the number of rows.
        first: the first period that is served: what lies before it is known at the start.
        delay: periods until the truth of one is known, after its end.
        moments: of each row, larger for a later one.
        categories: which features are codes of categories.
    """

    metric: str
    features: Floats
    target: Floats
    starts: NDArray[np.int_]
    first: int
    delay: int = 0
    moments: NDArray[np.int_] | None = None
    categories: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._models: dict[Version, Any] = {}
        self._outcomes: dict[tuple[Version, int], Outcomes] = {}
        self._scores: dict[tuple[Version, Version, int], float] = {}

    @property
    def periods(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def _is_classification(self) -> bool:
        return metric_of(self.metric).task == CLASSIFICATION

    def rows(self, version: Version) -> int:
        """The number of rows that a version is fitted to."""
        return int(self.starts[version.before] - self._window_start(version))

    def error(self, version: Version, period: int) -> float:
        """Of a version on a period; for accuracy, 1 minus it."""
        return error(self.metric, self.outcomes(version, period))

    def score(self, challenger: Version, champion: Version, period: int) -> float:
        """How far the challenger is ahead of the champion on a period, in standard errors."""
        key = (challenger, champion, period)
        if key not in self._scores:
            start, end = self.starts[period : period + 2]
            moments = np.arange(start, end) if self.moments is None else self.moments[start:end]
            gain = paired_gain(
                self.metric,
                self.outcomes(challenger, period),
                self.outcomes(champion, period),
                units=Units(moments=moments),
                seed=0,
                confidence=_CONFIDENCE,
                resamples=_RESAMPLES,
            )
            self._scores[key] = gain.score
        return self._scores[key]

    def outcomes(self, version: Version, period: int) -> Outcomes:
        """What a version says of a period that it was not fitted to."""
        assert version.before <= period, "a model may not know what it is measured on"
        key = (version, period)
        if key not in self._outcomes:
            rows = slice(*self.starts[period : period + 2])
            self._outcomes[key] = self.predict(version, self.features[rows], self.target[rows])
        return self._outcomes[key]

    def predict(self, version: Version, features: Floats, target: Floats) -> Outcomes:
        if version not in self._models:
            with threadpool_limits(_THREADS):
                self._models[version] = self._fit(version)
        with threadpool_limits(_THREADS):
            predicted = self._models[version].predict(features)
        if self._is_classification:
            return Outcomes(actual=_named(target), predicted=_named(predicted), classes=("no", "yes"))
        return Outcomes(actual=target.tolist(), predicted=predicted.tolist())

    def forget(self, kept: set[Version]) -> None:
        """Let go of all models but some: a long stream has thousands."""
        self._models = {version: model for version, model in self._models.items() if version in kept}
        self._outcomes.clear()
        self._scores.clear()

    def _window_start(self, version: Version) -> int:
        if version.window == ALL:
            return 0
        known = self.starts[self.first]
        return int(self.starts[version.before] - (known // 2 if version.window == HALF else known))

    def _fit(self, version: Version) -> Any:
        rows = slice(self._window_start(version), self.starts[version.before])
        features, target = self.features[rows], self.target[rows]
        shared = {"max_iter": TREES, "early_stopping": False, "random_state": 0}
        if self._is_classification:
            return HistGradientBoostingClassifier(**shared).fit(features, target)
        loss = "absolute_error" if self.metric == "mae" else "squared_error"
        estimator = HistGradientBoostingRegressor(loss=loss, categorical_features=self.categories or None, **shared)
        if self.metric == "mape":
            # The mean of relative errors is a weighed mean of absolute ones.
            return estimator.set_params(loss="absolute_error").fit(features, target, sample_weight=1 / target)
        return estimator.fit(features, target)


def error(metric: str, outcomes: Outcomes) -> float:
    measured = metric_of(metric).measure(outcomes)
    return 1 - measured if metric_of(metric).higher_is_better else measured


def _named(codes: Floats) -> list[str]:
    return np.where(codes > 0, "yes", "no").tolist()
