"""A challenger that is fitted again to its holdout: what was measured stays about the model that did not know it."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from evergreen.settings.model_toml import read_settings
from evergreen.versions.bundle import HOLDOUT, METRICS, MODEL, REFIT_FILES, Bundle
from evergreen.versions.data_version import of_path
from functions.judge.refit import refit_of
from training import prepare, train

SETTINGS = """\
name = "houses"
task = "{task}"
metric = "{metric}"
[data]
path = "houses.csv"
target = "{target}"
[split]
type = "random"
holdout = 0.25
"""


@pytest.fixture(params=[("regression", "mae", "price"), ("classification", "log_loss", "dear")])
def trained(request, tmp_path, monkeypatch):
    """The same challenger without a refit and with one."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    task, metric, target = request.param
    table = pd.DataFrame({"rooms": [1 + row % 6 for row in range(400)], "age": [row * 7 % 90 for row in range(400)]})
    table["price"] = table["rooms"] * 50 - table["age"] + pd.Series(range(400)).mod(13)
    if target == "dear":
        table["dear"] = (table.pop("price") > 120).map({True: "yes", False: "no"})
    table.to_csv(tmp_path / "houses.csv", index=False)
    toml = tmp_path / "model.toml"
    toml.write_text(SETTINGS.format(task=task, metric=metric, target=target))

    prepared = prepare.read_and_prepare(of_path(tmp_path / "houses.csv"), settings := read_settings(toml))
    summary = prepare.summarise(prepared, settings, of_path(tmp_path / "houses.csv"), previous=None)
    prepare.write(prepared, tmp_path / "prepared", settings=settings, summary=summary)
    bundles = []
    for name in ("without", "with"):
        if name == "with":
            everything = pd.concat([prepared.train, prepared.holdout], ignore_index=True)
            units = prepared.train_units.then(prepared.holdout_units)
            prepare.write_refit(replace(prepared, train=everything, train_units=units), tmp_path / "prepared")
        train.run(tmp_path / "prepared", toml, tmp_path / name, version="v1", git_commit="0a1b")
        bundles.append(Bundle.read(lambda file, name=name: (tmp_path / name / file).read_bytes()))
    return bundles


def test_what_is_judged_is_what_it_would_be_without(trained):
    without, with_ = trained
    assert with_.files.keys() - without.files.keys() == set(REFIT_FILES)
    assert with_.digest == without.digest
    assert with_.files[HOLDOUT] == without.files[HOLDOUT]
    first, second = (json.loads(each.files[METRICS]) for each in trained)
    assert second | {"trained_at": ""} == first | {"trained_at": ""}


def test_the_one_that_was_fitted_again_may_serve_and_knows_the_holdout(trained):
    _, judged = trained
    refit = refit_of(judged, judged.model().contract)

    assert refit.gate.passed, refit.gate.reason
    assert 0 < refit.gate.numbers["moved"] < refit.gate.numbers["truth"]
    assert refit.bundle.files[MODEL] != judged.files[MODEL]
    assert refit.bundle.files[METRICS] == judged.files[METRICS]
