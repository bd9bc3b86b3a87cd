"""The published pages say what was measured: each is made from the figures beside it."""

import importlib
import json

import pytest

NAMES = ("serving", "drift", "training", "judging", "renewal", "feature_store")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_made_from_its_figures(checkout, name):
    benchmark = importlib.import_module(f"benchmarks.{name}.__main__").BENCHMARK
    figures = json.loads((checkout / "benchmarks" / "results" / f"{name}.json").read_text())

    assert (checkout / "docs" / benchmark.page).read_text() == benchmark.render(figures)
