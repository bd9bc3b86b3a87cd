"""What a training run holds its settings against before anything is uploaded."""

from types import SimpleNamespace

import pytest

from cli.training_run import TrainingRun
from evergreen import names
from evergreen.errors import InvalidSettings

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
