"""What several trainings do to MLflow at one moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import mlflow
import pandas as pd
import pytest
from mlflow.data.pandas_dataset import from_pandas
from mlflow.exceptions import MlflowException

from evergreen import tracking

AT_ONCE = 6


@pytest.fixture(autouse=True)
def experiment(tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment("model")
    yield
    mlflow.set_tracking_uri(None)


def datasets_of(run) -> list[str]:
    return [given.dataset.name for given in mlflow.MlflowClient().get_run(run.info.run_id).inputs.dataset_inputs]


def test_challengers_that_name_one_new_dataset_at_the_same_moment_are_all_logged():
    together = Barrier(AT_ONCE, timeout=30)

    def challenger(number: int) -> list[list[str]]:
        found = []
        for period in range(5):
            dataset = from_pandas(pd.DataFrame({"a": [1.0]}), name=f"table {period}", digest="version")
            with mlflow.start_run(run_name=str(number)) as run:
                together.wait()
                tracking.log_dataset(dataset, "training")
            found.append(datasets_of(run))
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(challenger, range(AT_ONCE)):
            assert found == [[f"table {period}"] for period in range(5)]


def test_what_mlflow_refuses_for_good_is_raised(monkeypatch):
    calls = []

    def refused(*_, **__):
        calls.append(1)
        raise MlflowException("no")

    monkeypatch.setattr(mlflow, "log_input", refused)
    with pytest.raises(MlflowException, match="no"):
        tracking.log_dataset(None, "training")
    assert len(calls) == 3
