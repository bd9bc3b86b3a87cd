"""Who asks a portable model: the parity gate, and the predict function."""

import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LinearRegression

from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.errors import InvalidRow
from evergreen.judging.parity import find_difference
from evergreen.versions.bundle import HoldoutRow, ServableModel
from functions.predict import scoring
from functions.predict.models import Served
from tests.unit.portable.comparing import loaded, number_table, signal

TABLE = number_table(1, 100, width=2, missing=0, edges=[1.0])
CONTRACT = Contract(
    task="regression",
    target="price",
    features=tuple(Feature(name=name, type=NUMBER, missing_allowed=False) for name in TABLE),
)


def servable(estimator) -> tuple[ServableModel, list[HoldoutRow]]:
    """A fitted model with the library's own predictions of its rows."""
    estimator.fit(TABLE, signal(TABLE, 1))
    predicted = estimator.predict(TABLE).tolist()
    features = TABLE.to_dict("records")
    rows = [
        HoldoutRow(features=row, actual=0.0, predicted=value) for row, value in zip(features, predicted, strict=True)
    ]
    return ServableModel(CONTRACT, loaded(estimator)), rows


@pytest.mark.parametrize("estimator", [ExtraTreesRegressor(5, random_state=0), LinearRegression()])
def test_the_gate_lets_the_librarys_own_predictions_pass_and_names_the_first_that_is_not(estimator):
    model, rows = servable(estimator)
    wrong = HoldoutRow(features=rows[1].features, actual=0.0, predicted=rows[1].predicted * (1 + 1e-9))

    assert find_difference(model, rows) is None
    assert "holdout row 2" in (find_difference(model, [rows[0], wrong]) or "")


def test_the_gate_names_a_holdout_row_that_the_portable_model_rejects():
    model, rows = servable(ExtraTreesRegressor(2, random_state=0))
    rejected = HoldoutRow(features={"n0": 1.0, "n1": 1e300}, actual=0.0, predicted=1.0)
    difference = find_difference(model, [rows[0], rejected])

    assert difference is not None
    assert "holdout row 2: refused (n1: expected a number of at most 3.4e38" in difference


def test_a_request_that_the_estimator_rejects_is_answered_with_every_field_and_its_place():
    model, _ = servable(ExtraTreesRegressor(2, random_state=0))
    served = Served(None, "etag", model)  # type: ignore[arg-type]
    request = scoring.PredictRequest(
        [{"n0": 1.0, "n1": 1.0}, {"n0": 1e39, "n1": 1.0}, {"n0": "x", "n1": 1.0}], single=False
    )
    with pytest.raises(InvalidRow) as caught:
        scoring.score(served, request)

    assert [error.field for error in caught.value.errors] == ["instances[1].n0", "instances[2].n0"]
