"""Each benchmark runs whole in its quick form: tiny sizes on the same code path, with the peers that are installed."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.command import MISSING
from tests.repository.test_benchmark_pages import NAMES


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_the_quick_form_measures_every_part_and_leaves_the_published_page(checkout, tmp_path, name):
    published = [checkout / "benchmarks" / "results" / f"{name}.json", *(checkout / "docs").glob("*.md")]
    before = [file.read_bytes() for file in published]

    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--output", str(tmp_path)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr[-3000:]
    figures = json.loads((tmp_path / f"{name}.json").read_text())
    whole = json.loads(published[0].read_text())
    assert figures.keys() >= whole.keys()
    for peer in figures[MISSING]:
        assert f"NOT MEASURED: {peer}" in run.stderr
    (page,) = tmp_path.glob("*.md")
    assert "\n## " in page.read_text()
    assert [file.read_bytes() for file in published] == before
