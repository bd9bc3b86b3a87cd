"""A table with dates, from its file to a served prediction, and to MLflow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import InvalidRow
from evergreen.judging import parity
from evergreen.settings.model_toml import read_settings
from evergreen.versions.bundle import CONTRACT, METRICS, MODEL, Bundle, load_model, model_digest
from evergreen.versions.data_version import of_path
from training import prepare

CHECKOUT = Path(__file__).parents[3]
SETTINGS = """
name = "sales"
metric = "mae"
[data]
path = "sales.csv"
target = "sales"
date_formats = ["%d/%m/%Y"]
[split]
type = "time"
by = "sold"
"""


def sales() -> pd.DataFrame:
    """Four years of days; weekends sell less, and each year more than the last."""
    sold = pd.date_range("2020-01-01", periods=1461)
    random = np.random.default_rng(0)
    amount = 100 + 50 * (sold.weekday < 5) + np.arange(len(sold)) / 50 + random.normal(size=len(sold))
    opened = (sold - pd.to_timedelta(random.integers(10, 400, len(sold)), unit="D")).strftime("%Y-%m-%dT08:30:00+02:00")
    return pd.DataFrame({"sold": sold.strftime("%d/%m/%Y"), "opened": opened, "sales": amount.round(2)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """With the bundle in `bundle`, tracked in MLflow."""
    base = tmp_path_factory.mktemp("sales")
    (base / "model.toml").write_text(SETTINGS)
    sales().to_csv(base / "sales.csv", index=False)
    prepare.run(of_path(base / "sales.csv"), read_settings(base / "model.toml"), base / "prepared")
    words = ["--prepared", "prepared", "--settings", "model.toml", "--output", "bundle", "--version", "v1"]
    finished = subprocess.run(
        [sys.executable, "-m", "training.train", *words],
        cwd=base,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "MLFLOW_TRACKING_URI": f"sqlite:///{base}/mlflow.db"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return base


@pytest.fixture(scope="module")
def bundle(folder) -> Bundle:
    return Bundle.read(lambda name: (folder / "bundle" / name).read_bytes())


def test_the_holdout_is_served_as_scikit_learn_predicts_it(bundle):
    rows = list(bundle.holdout())

    assert rows[0].features == {"sold": "2023-03-14", "opened": rows[0].features["opened"]}
    assert rows[0].features["opened"].endswith("T06:30:00Z")
    assert parity.find_difference(bundle.model(), rows) is None


def test_the_model_has_learned_from_the_weekday(bundle):
    metrics = json.loads(bundle.files[METRICS])

    assert metrics["holdout"]["mae"] < metrics["baseline"]["mae"] / 3


def test_a_request_has_dates_of_iso_8601_and_nothing_else(bundle):
    files = bundle.files
    model = load_model(files[MODEL], files[CONTRACT], digest=model_digest(files[MODEL], files[CONTRACT]))
    monday, sunday = (
        model.predict(model.contract.parse({"sold": day, "opened": "2023-01-01T08:30:00+02:00"}))
        for day in ("2024-06-03", "2024-06-02")
    )

    assert monday - sunday > 30
    with pytest.raises(InvalidRow):
        model.contract.parse({"sold": "31/12/2023", "opened": "2023-01-01T08:30:00+02:00"})


def test_card_and_sheet_say_what_the_dates_were(folder):
    assert "2020-01-01 to 2023-03-13" in (folder / "bundle" / "model_card.md").read_text()
    assert "293 rows outside" in (folder / "bundle" / "data_sheet.md").read_text()


def test_dates_that_move_on_are_no_drift_in_the_tables_own_past(bundle):
    calibration = bundle.monitoring["calibration"]

    assert sum(each["checks"] for each in calibration) > 0
    assert sum(each["named"] for each in calibration) == 0


def test_mlflow_loads_the_model_where_evergreen_is_not_installed(folder, bundle, tmp_path):
    """By the code that is stored beside it; dates are moments in seconds there."""
    program = (
        "import sys\n"
        # The checkout is installed in this environment.
        "sys.meta_path[:] = [each for each in sys.meta_path if 'editable' not in each.__module__]\n"
        "import importlib.util\n"
        "assert importlib.util.find_spec('evergreen') is None\n"
        "import mlflow, pandas\n"
        f"mlflow.set_tracking_uri('sqlite:///{folder}/mlflow.db')\n"
        "model = mlflow.pyfunc.load_model('models:/sales@candidate')\n"
        "rows = pandas.DataFrame({'sold': [1717372800.0], 'opened': [1672561800.0]})\n"
        "print(float(model.predict(rows)[0]))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    row = bundle.model().contract.parse({"sold": "2024-06-03", "opened": "2023-01-01T08:30:00Z"})

    assert loaded.returncode == 0, loaded.stderr
    assert float(loaded.stdout.splitlines()[-1]) == bundle.model().predict(row)
