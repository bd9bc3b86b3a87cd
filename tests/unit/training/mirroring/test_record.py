"""What is mirrored of a training is plain, and of a bounded size."""

import json
from pathlib import Path

import numpy as np
import pytest

from evergreen.metrics import Outcomes
from training.mirroring.record import record_of


def record(outcomes):
    return record_of(
        run_id="abc",
        version="v1",
        parameters={"max_iter": 200},
        metrics={
            "holdout": {"mape": 0.1, "by_class": {"a": 1}},
            "baseline": {"mape": 0.3},
            "importance": {"rooms": {"mean": 0.5, "std": 0.1}},
        },
        lineage={"version": "v1", "data_version": "7de"},
        outcomes=outcomes,
        documents=[Path("card.html")],
    )


@pytest.mark.parametrize("rows", [1, 999, 1000, 1001, 1999, 250_000])
def test_a_large_holdout_is_shown_in_part_and_evenly(rows):
    found = record(Outcomes(actual=np.arange(rows, dtype=float), predicted=np.arange(rows) + 0.5))

    shown = found["holdout"]
    assert min(rows, 500) <= len(shown) <= 1000
    assert all(predicted == actual + 0.5 for actual, predicted in shown)
    assert shown[-1][0] >= 0.99 * (rows - 1)
    assert len(json.dumps(found)) < 100_000


def test_metrics_parameters_and_lineage_go_with_it():
    found = record(Outcomes(actual=["a", "b"], predicted=["a", "a"]))

    assert (found["id"], found["name"]) == ("abc", "v1")
    assert found["summary"] == {"holdout_mape": 0.1, "baseline_mape": 0.3}
    assert found["config"] == {"parameters": {"max_iter": "200"}, "lineage": {"version": "v1", "data_version": "7de"}}
    assert found["importance"] == [["rooms", 0.5]]
    assert found["holdout"] == [["a", "a"], ["b", "a"]]
    assert Path(found["documents"][0]).is_absolute()
