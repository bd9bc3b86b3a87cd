"""The plots: which there are, and what they show."""

import math
from xml.etree import ElementTree

import pytest
from sklearn.metrics import roc_auc_score

from evergreen.metrics import Outcomes
from evergreen.number_text import number
from tests.unit.training.documents.evidence import NASTY, class_outcomes, regression_outcomes
from training.documents.outcome_plots import outcome_plots
from training.documents.plots import by_importance, importance_plots, slice_plots, worst_first

IMPORTANCE = {"rooms": {"mean": 0.01, "std": 0.002}, "city": {"mean": 0.05, "std": 0.004}}


def names(figures) -> list[str]:
    return [figure.name for figure in figures]


def texts(svg: str) -> list[str]:
    tree = ElementTree.fromstring(svg)
    return [element.text or "" for element in tree.iter() if element.tag.endswith("}text")]


def test_a_regression_shows_predictions_and_residuals():
    figures = outcome_plots(regression_outcomes(), target="price")

    assert names(figures) == ["plot-predicted.svg", "plot-residuals.svg"]
    assert "actual price" in texts(figures[0].svg)


def test_a_model_that_says_too_much_has_its_residuals_above_0():
    high = Outcomes(actual=[10.0, 20.0, 30.0, 40.0], predicted=[11.0, 22.0, 33.0, 39.0])
    _, residuals = outcome_plots(high, target="price")

    assert "75% lie above 0: predicted too high" in residuals.caption


def test_a_classifier_shows_roc_precision_and_recall_and_calibration():
    outcomes = class_outcomes(200)
    figures = outcome_plots(outcomes, target="price")

    assert names(figures) == ["plot-roc.svg", "plot-precision-recall.svg", "plot-calibration.svg"]
    area = roc_auc_score([label == "dear" for label in outcomes.actual], [row[1] for row in outcomes.probabilities])
    assert f"dear: AUC {number(area)}" in texts(figures[0].svg)


def test_of_many_classes_the_commonest_get_a_curve_and_the_caption_says_so():
    classes = tuple("abcdefghijkl")
    roc, *_ = outcome_plots(class_outcomes(400, classes=classes), target="kind")

    assert sum(": AUC " in text for text in texts(roc.svg)) == 8
    assert "the 8 commonest of 12 classes" in roc.caption


def test_without_probabilities_there_is_a_confusion_matrix_instead():
    figures = outcome_plots(class_outcomes(known=False, actual=["cheap"] * 5 + ["dear"] * 5), target="price")

    assert names(figures) == ["plot-confusion.svg"]
    assert "5" in texts(figures[0].svg)


def test_a_confusion_matrix_takes_rare_classes_together():
    classes = tuple(f"class {number:02}" for number in range(30))
    (figure,) = outcome_plots(class_outcomes(900, classes=classes, known=False), target="kind")

    assert texts(figure.svg).count("(others)") == 2
    assert "12 classes" in figure.label


def test_a_holdout_of_one_class_has_no_roc():
    figures = outcome_plots(class_outcomes(actual=["dear"] * 20), target="price")

    assert names(figures) == ["plot-calibration.svg"]


def test_the_calibration_of_a_model_that_is_always_sure_and_right_has_no_gap():
    sure = Outcomes(
        actual=["no", "yes"] * 20,
        predicted=["no", "yes"] * 20,
        probabilities=[[1, 0], [0, 1]] * 20,
        classes=("no", "yes"),
    )

    assert "the furthest bin is 0 away" in outcome_plots(sure, target="kind")[2].caption


def test_many_rows_are_drawn_as_a_sample_and_the_caption_says_so():
    predicted, _ = outcome_plots(regression_outcomes(20_000), target="price")

    assert predicted.svg.count("<use") < 1100
    assert "1000 of 20,000 holdout rows, drawn at random" in predicted.caption


def test_a_model_that_predicts_one_number_or_none_at_all_is_drawn_too():
    for prediction in (5.0, math.inf, math.nan):
        outcomes = Outcomes(actual=[1.0, 2.0, 3.0], predicted=[prediction] * 3)
        for figure in outcome_plots(outcomes, target="price"):
            ElementTree.fromstring(figure.svg)


def test_importance_comes_with_the_most_important_first():
    (figure,) = importance_plots(IMPORTANCE, metric="mape")

    assert [name for name, _ in by_importance(IMPORTANCE)] == ["city", "rooms"]
    assert "the most important is city with 5 points." in figure.label
    assert importance_plots({}, metric="mape") == []


def test_of_many_features_the_most_important_are_drawn():
    many = {f"feature {number}": {"mean": number / 100, "std": 0.0} for number in range(300)}
    (figure,) = importance_plots(many, metric="mape")

    assert {"feature 299", "feature 288"} <= set(texts(figure.svg))
    assert "feature 287" not in texts(figure.svg)
    assert "The 12 most important of 300" in figure.caption


@pytest.mark.parametrize(("metric", "worst"), [("mape", "b"), ("accuracy", "a")])
def test_the_worst_slice_is_first_whichever_direction_is_better(metric, worst):
    values = {"a": {"rows": 9, "value": 0.1}, "b": {"rows": 9, "value": 0.9}}
    (figure,) = slice_plots({"city": values, "empty": {}}, metric=metric, overall=0.5)

    assert worst_first(values, metric=metric)[0][0] == worst
    assert f"the worst is {worst} with" in figure.label


def test_names_are_drawn_as_they_are_and_not_as_formulas():
    (figure,) = importance_plots({NASTY: {"mean": 0.1, "std": 0.0}, "$\\frac": IMPORTANCE["city"]}, metric="mape")

    assert "$\\frac" in texts(figure.svg)
    assert NASTY[:23] + "…" in texts(figure.svg)
