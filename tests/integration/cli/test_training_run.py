"""What a training run holds its settings against before anything is uploaded."""

from types import SimpleNamespace

import pytest

from cli.training_run import TrainingRun
from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.errors import InvalidSettings
from evergreen.prediction_id import new_prediction_id
from training.collecting import month_files

MODEL_TOML = """
name = "houses"
[data]
path = "houses.csv"
target = "price"
[split]
type = "random"
"""


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "houses.csv").write_text("rooms,price\n1,2\n")
    file = tmp_path / "model.toml"
    file.write_text(MODEL_TOML)
    return file


def test_a_model_is_not_trained_into_the_endpoint_of_another(settings):
    with pytest.raises(InvalidSettings, match=r"of .flats., whose endpoint .* cdk deploy evergreen-"):
        TrainingRun(SimpleNamespace(outputs={names.OUTPUT_MODEL_NAME: "flats"}), settings)


@pytest.mark.parametrize("outputs", [{names.OUTPUT_MODEL_NAME: "houses"}, {}])
def test_a_model_is_trained_by_its_own_stack(settings, outputs):
    assert TrainingRun(SimpleNamespace(outputs=outputs), settings).data_name == "houses.csv"


def test_captured_rows_are_no_measure_of_the_tables_columns(settings, tmp_path):
    """They stand first in the folder, and have the columns that callers send."""
    (tmp_path / "houses").mkdir()
    (tmp_path / "houses" / "houses.csv").write_text("rooms,price,seller\n1,2,me\n")
    settings.write_text(MODEL_TOML.replace('"houses.csv"', '"houses"\nleave_out = ["seller"]'))
    rooms = Feature(name="rooms", type=NUMBER, missing_allowed=False)
    contract = Contract(task="regression", target="price", features=(rooms,))
    month_files.write(tmp_path / "houses", {new_prediction_id(): {"rooms": 1.0, "price": 2.0}}, contract)

    assert TrainingRun(SimpleNamespace(outputs={}), settings).data_name == "houses"
