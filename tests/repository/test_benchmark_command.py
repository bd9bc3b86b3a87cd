"""What a run of a benchmark replaces: only a whole one that measured every peer writes the published page."""

import pytest

from benchmarks import command
from benchmarks.command import MISSING, Benchmark, main


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a benchmark of one figure with the given arguments; returns the files that it wrote."""
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(command, "BUILD", tmp_path / "build")

    def _run(*arguments, missing=None):
        benchmark = Benchmark(
            name="speed",
            purpose="Measure a speed.",
            page="speed.md",
            libraries=(),
            parts={"speed": lambda rig, _progress: {"speed": 1 if rig.quick else 2, MISSING: missing or {}}},
            render=lambda results: f"{results['speed']}\n",
        )
        main(benchmark, arguments)
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return {path.relative_to(tmp_path).as_posix() for path in files}

    return _run


PUBLISHED = {"docs/speed.md", "results/speed.json"}
LOOK = {"build/speed.md", "build/speed.json"}


def test_a_whole_run_is_published(run):
    assert run() == PUBLISHED


@pytest.mark.parametrize("arguments", [("--quick",), ("--only", "speed")])
def test_a_part_or_a_quick_run_is_not(run, arguments):
    assert run(*arguments) == LOOK


def test_a_run_without_a_peer_says_so_and_leaves_the_page_as_it_was(run, capsys):
    assert run(missing={"onnxruntime": "no wheel"}) == LOOK

    said = capsys.readouterr().err
    assert "NOT MEASURED: onnxruntime: no wheel" in said
    assert "docs/speed.md is left as it was" in said


def test_another_folder_can_be_named(run, tmp_path):
    assert run("--output", str(tmp_path / "mine")) == {"mine/speed.md", "mine/speed.json"}
