"""The metric of a run is what a few lines of scikit-learn say of the same rows and estimator."""

import json
import textwrap

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as peer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from evergreen.errors import InvalidData, InvalidSettings
from evergreen.settings.model_toml import read_settings
from evergreen.versions.data_version import of_path
from training import prepare, train

FEATURES = ["size", "rooms"]


def table(classes: int) -> pd.DataFrame:
    """Rows in the order of a day; without classes, the target is a number."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"day": range(600), "size": random.normal(size=600), "rooms": random.normal(size=600)})
    value = frame["size"] + random.normal(scale=0.5, size=600)
    if not classes:
        return frame.assign(y=np.exp(value))
    cuts = {2: [-np.inf, 1.0, np.inf], 3: [-np.inf, -0.5, 0.5, np.inf]}[classes]
    return frame.assign(y=pd.cut(value, cuts, labels=["high", "low", "middle"][:classes]).astype(str))


def trained(folder, frame: pd.DataFrame, metric: str, *, head: str = "", data: str = "", estimator: str = "") -> dict:
    """metrics.json of a run."""
    frame.to_csv(folder / "table.csv", index=False)
    task = "regression" if pd.api.types.is_numeric_dtype(frame.y) else "classification"
    settings = folder / "model.toml"
    settings.write_text(
        textwrap.dedent(
            f"""
            name = "run"
            task = "{task}"
            metric = "{metric}"
            {head}
            [data]
            path = "table.csv"
            target = "y"
            leave_out = ["day"]
            {data}
            [split]
            by = "day"
            [estimator]
            {estimator}
            """
        )
    )
    prepare.run(of_path(folder / "table.csv"), read_settings(settings), folder / "prepared")
    train.run(folder / "prepared", settings, folder / "model", version="v1", git_commit="0a1b")
    return json.loads((folder / "model" / "metrics.json").read_text())


def halves(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return frame.iloc[:480], frame.iloc[480:]


def test_the_metrics_of_a_regression_are_scikit_learns(tmp_path):
    frame = table(0)
    past, later = halves(frame)
    model = HistGradientBoostingRegressor(random_state=0, loss="quantile", quantile=0.9)
    says = model.fit(past[FEATURES], past.y).predict(later[FEATURES])
    of_quantile = 'parameters = { loss = "quantile", quantile = 0.9 }'

    found = trained(tmp_path, frame, "pinball_0.9", estimator=of_quantile)

    assert found["holdout"] == pytest.approx(
        {
            "mape": peer.mean_absolute_percentage_error(later.y, says),
            "mae": peer.mean_absolute_error(later.y, says),
            "rmse": peer.root_mean_squared_error(later.y, says),
            "r2": peer.r2_score(later.y, says),
            "pinball_0.9": peer.mean_pinball_loss(later.y, says, alpha=0.9),
        },
        rel=1e-12,
    )
    assert found["baseline_model"]["predicted"] == pytest.approx(np.quantile(past.y, 0.9), rel=1e-12)
    assert found["baseline"]["pinball_0.9"] > found["holdout"]["pinball_0.9"]


@pytest.mark.parametrize("positive", ["", "high"])
def test_the_metrics_of_two_classes_are_scikit_learns(tmp_path, positive):
    frame = table(2)
    past, later = halves(frame)
    model = HistGradientBoostingClassifier(random_state=0).fit(past[FEATURES], past.y)
    place = 0 if positive else 1
    score, truth = model.predict_proba(later[FEATURES])[:, place], later.y == model.classes_[place]

    found = trained(tmp_path, frame, "average_precision", head=f'positive = "{positive}"')

    assert found["holdout"]["average_precision"] == pytest.approx(peer.average_precision_score(truth, score), rel=1e-12)
    assert found["holdout"]["roc_auc"] == pytest.approx(peer.roc_auc_score(truth, score), rel=1e-12)
    assert found["baseline"]["average_precision"] == pytest.approx(truth.mean())
    assert f"The class is {positive or 'low'}." in (tmp_path / "model" / "model_card.md").read_text()


def test_the_metrics_of_many_classes_are_scikit_learns(tmp_path):
    frame = table(3)
    past, later = halves(frame)
    model = HistGradientBoostingClassifier(random_state=0).fit(past[FEATURES], past.y)
    shares, labels = model.predict_proba(later[FEATURES]), model.predict(later[FEATURES])

    found = trained(tmp_path, frame, "brier")["holdout"]

    assert found["brier"] == pytest.approx(peer.brier_score_loss(later.y, shares), rel=1e-12)
    assert found["roc_auc"] == pytest.approx(peer.roc_auc_score(later.y, shares, multi_class="ovr"), rel=1e-12)
    assert found["f1_macro"] == pytest.approx(peer.f1_score(later.y, labels, average="macro"), rel=1e-12)


def test_rows_that_the_metric_does_not_know_are_refused_by_prepare(tmp_path):
    with pytest.raises(InvalidData, match=r"metric = \"rmsle\": .* a target or a prediction is -1 or less"):
        trained(tmp_path, table(0).assign(y=lambda frame: -frame.y), "rmsle")
    late = table(2).assign(y=lambda frame: frame.y.where(frame.day < 480, "high"))
    with pytest.raises(InvalidData, match="the holdout rows .* tells the rows of low from others, and no row is of it"):
        trained(tmp_path, late, "average_precision")


def test_predictions_that_the_metric_does_not_know_are_refused_by_train(tmp_path):
    frame = table(0).assign(y=lambda frame: (5 * frame["size"] ** 3).clip(0))

    with pytest.raises(InvalidSettings, match=r"metric = \"rmsle\": .* a prediction is -1 or less"):
        trained(tmp_path, frame, "rmsle", estimator='type = "linear"')


def test_a_positive_class_that_there_is_not_is_refused_by_those_that_there_are(tmp_path):
    with pytest.raises(InvalidSettings, match="positive: 'yes' is no class .* the classes are 'high' and 'low'"):
        trained(tmp_path, table(2), "average_precision", head='positive = "yes"')
    with pytest.raises(InvalidSettings, match="positive goes with two classes, and the target has 3"):
        trained(tmp_path, table(3), "average_precision", head='positive = "low"')


def test_a_slice_of_one_class_has_no_metric(tmp_path):
    """It is shown as not known, and metrics.json stays JSON."""
    frame = table(2).assign(town=lambda frame: np.where((frame.y == "high") & (frame.day % 2 == 0), "one", "both"))

    found = trained(tmp_path, frame, "roc_auc", estimator='[promotion]\nslices = ["town"]')

    assert found["slices"]["town"]["one"]["value"] is None
    assert 0.5 < found["slices"]["town"]["both"]["value"] <= 1
    assert "| one | not known |" in (tmp_path / "model" / "model_card.md").read_text()
