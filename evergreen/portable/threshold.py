"""FixedThresholdClassifier: one of two classes is said from a threshold of its probability on."""

from dataclasses import replace
from typing import Any

from evergreen.portable import families
from evergreen.portable.columns import Columns
from evergreen.portable.families import Exported, labels_of, refuse

SUPPORTED = {
    "FixedThresholdClassifier": "two classes, a threshold of probabilities",
    "FrozenEstimator": "around an estimator in this table",
}


def export(estimator: Any, columns: Columns) -> Exported:
    if type(estimator).__name__ == "FrozenEstimator":
        return families.export(estimator.estimator, columns)
    inner = families.export(estimator.estimator_, columns)
    labels = labels_of(estimator)
    if not inner.links or estimator.response_method == "decision_function":
        refuse(
            estimator, "response_method", estimator.response_method, "a classifier with probabilities, 'predict_proba'"
        )
    positive = 1 if estimator.pos_label is None else labels.index(estimator.pos_label)
    threshold = 0.5 if estimator.threshold == "auto" else float(estimator.threshold)
    return replace(inner, decision={"positive": positive, "threshold": threshold})
