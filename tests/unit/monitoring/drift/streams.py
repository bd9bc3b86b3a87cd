"""Tables whose rows depend on each other, of four features and a prediction that lives on the first."""

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from evergreen.contract.feature import NUMBER, Feature
from evergreen.monitoring.drift.comparison import PREDICTION

NAMES = ("a", "b", "c", "d")
FEATURES = tuple(Feature(name=name, type=NUMBER, missing_allowed=True, minimum=-9.0, maximum=9.0) for name in NAMES)
PREDICTED = Feature(name=PREDICTION, type=NUMBER, missing_allowed=False)
# The model does not use the last.
IMPORTANCE = {"a": 0.5, "b": 0.3, "c": 0.2, "d": 0.0}


def table(coefficient: float, rows: int, *, seed: int) -> pd.DataFrame:
    """Each feature a first-order autoregressive series of variance 1; nothing ever moves."""
    noise = np.random.default_rng(seed).standard_normal((rows, len(NAMES)))
    noise[1:] *= np.sqrt(1 - coefficient**2)
    series = lfilter([1.0], [1.0, -coefficient], noise, axis=0)
    return pd.DataFrame(series, columns=NAMES).assign(**{PREDICTION: 100 + series @ [3.0, 2.0, 1.0, 0.0]})
