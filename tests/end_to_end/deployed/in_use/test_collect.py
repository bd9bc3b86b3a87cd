"""Predictions whose truth is known become rows of the table, which the next training is made from."""

import shutil

import pytest

from cli.aws.endpoint import Endpoint
from cli.aws.target import CHECKOUT
from cli.data.storage import DataStorage
from cli.demo.telemetry import Captures
from cli.main import app
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.settings.model_toml import read_settings
from evergreen.versions.data_version import of_path
from tests.end_to_end.workflow import ROW
from training.reading.table import read_version

TABLE = "texas_2000_2006"


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A folder with the demo's model.toml and its table as a folder; the current folder."""
    (tmp_path / "data" / TABLE).mkdir(parents=True)
    shutil.copyfile(CHECKOUT / "data" / f"{TABLE}.csv", tmp_path / "data" / TABLE / "texas.csv")
    settings = (CHECKOUT / "model.toml").read_text().replace(f'"data/{TABLE}.csv"', f'"data/{TABLE}"')
    (tmp_path / "model.toml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evergreen(*arguments):
    app(list(arguments), prog_name="evergreen", standalone_mode=False)


def newest(model, count):
    """The prices of the newest captured rows, all of which are ROW."""
    settings = read_settings(model / "model.toml")
    table, _ = read_version(of_path(model / settings.data.path), settings)
    rows = table[table["(prediction)"].notna()].tail(count)
    assert rows["city"].tolist() == [ROW["city"]] * count
    assert rows["sales"].tolist() == [float(ROW["sales"])] * count
    return rows["median"].tolist()


def test_labelled_predictions_are_collected_to_train_on_and_forgotten(trained, model, capsys, eventually):
    endpoint, captures = Endpoint(trained.target), Captures(trained.target)
    ids = [endpoint.predict({"features": ROW})["prediction_id"] for _ in range(3)]
    endpoint.feedback({"labels": [{"prediction_id": id_, "actual": 150_000 + place} for place, id_ in enumerate(ids)]})
    captures.await_records(names.PREDICTIONS_PREFIX, ids)
    captures.await_records(names.FEEDBACK_PREFIX, ids)

    evergreen("data", "collect")

    assert newest(model, 3) == [150_000, 150_001, 150_002]
    assert "Train on them with: evergreen train" in " ".join(capsys.readouterr().out.split())
    endpoint.feedback({"prediction_id": ids[1], "actual": 99_000})

    def is_corrected():
        evergreen("data", "collect")
        return newest(model, 3) == [150_000, 99_000, 150_002]

    eventually(is_corrected)
    assert "0 new, 1 with another label than before" in " ".join(capsys.readouterr().out.split())

    kept = of_path(model / "data" / TABLE)
    holding = f"and so do models that were trained on them: {kept.version[:12]}."
    DataStorage(trained.target).upload(kept)
    evergreen("forget", ids[0])

    said = " ".join(capsys.readouterr().out.split())
    assert "later versions of the table are without it" in said
    assert (
        f"These versions of the table hold it still, and so do models that were trained on them: {kept.version[:12]}."
        in said
    )
    evergreen("data", "collect")
    assert newest(model, 2) == [99_000, 150_002]

    DataStorage(trained.target).upload(of_path(model / "data" / TABLE))
    with pytest.raises(CommandFailed, match="no captured record has"):
        evergreen("forget", ids[0])
    assert holding in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("trained")
def test_a_table_of_one_file_is_told_to_become_a_folder(model):
    shutil.move(model / "data" / TABLE / "texas.csv", model / "data" / f"{TABLE}.csv")
    (model / "data" / TABLE).rmdir()
    shutil.copyfile(CHECKOUT / "model.toml", model / "model.toml")

    with pytest.raises(CommandFailed, match=f'mv data/{TABLE}.csv data/{TABLE}/ and set path = "data/{TABLE}"'):
        evergreen("data", "collect")


@pytest.mark.usefixtures("trained")
def test_what_the_captures_lack_is_named_all_at_once(model):
    settings = model / "model.toml"
    said = settings.read_text().replace("leave_out = [] ", 'leave_out = ["city"] ')
    settings.write_text(said.replace("[data]\n", '[data]\nweight = "volume"\n'))

    with pytest.raises(CommandFailed) as refused:
        evergreen("data", "collect")

    assert "[log] leave_out keeps city out of the captures" in str(refused.value)
    assert "[data] weight needs the column 'volume' in every row" in str(refused.value)
    assert not (model / "data" / TABLE / "captured").exists()
