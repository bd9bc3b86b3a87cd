"""What the reference says of `auto` is what the code builds."""

import pytest
from sklearn.preprocessing import RobustScaler

from evergreen.settings.sections import ESTIMATORS, TASKS
from training.fitting import preprocessing
from training.fitting.automatic import described


@pytest.mark.parametrize("task", TASKS)
def test_every_estimator_is_described(task):
    assert [each.estimator for each in described(task)] == list(ESTIMATORS[task])


def test_the_steps_of_each_group_are_named_in_their_order():
    steps = {each.estimator: each.steps for each in described("regression")}

    assert steps["hist_gradient_boosting"]["number"] == []
    assert [step.partition("(")[0] for step in steps["lasso"]["number"]] == ["SimpleImputer", "StandardScaler"]


def test_parameters_that_training_sets_are_shown():
    final = {each.estimator: each.final for each in described("classification")}

    assert "random_state=seed" in final["logistic"]
    assert "categorical_features=" in final["hist_gradient_boosting"]


def test_a_change_of_the_code_changes_the_description(monkeypatch):
    monkeypatch.setitem(preprocessing._SCALERS, "standard", RobustScaler)

    steps = {each.estimator: each.steps for each in described("regression")}

    assert steps["ridge"]["number"][-1] == "RobustScaler()"
