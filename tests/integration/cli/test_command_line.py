"""The evergreen command: a mistake is one message that names the thing and the remedy, and exit code 1."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main
from cli.verbs import VERBS

CHECKOUT = Path(__file__).parents[3]
SETTINGS = (CHECKOUT / "model.toml").read_text()
HEADER = "city,year,month,sales,volume,median,listings,inventory,date"


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the command in a process without AWS settings; returns its exit code and what it said."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr("cli.main.signal.signal", lambda *_: None)

    def _run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["evergreen", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), " ".join((said.out + said.err).split())

    return _run


def train_on(folder: Path, run, *, data: str | None = HEADER + "\n", settings: str = SETTINGS) -> tuple[int, str]:
    (folder / "model.toml").write_text(settings)
    if data is not None:
        (folder / "data").mkdir()
        (folder / "data" / "texas_2000_2006.csv").write_text(data)
    return run("train", "--settings", str(folder / "model.toml"))


def test_help_lists_the_verbs(run):
    code, said = run("--help")

    assert code == 0
    for verb in ("demo", "up", "train", "predict"):
        assert verb in said


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_of_a_verb_begins_as_the_list_of_verbs_says(run, verb):
    code, said = run(verb, "--help")

    assert code == 0
    assert f"Usage: evergreen {verb} " in said
    assert VERBS[verb] in said


def test_help_imports_no_verb(checkout):
    program = """
import sys
from cli.main import app
try:
    app(["--help"], prog_name="evergreen")
except SystemExit:
    verbs = [name for name in sys.modules if name.startswith("cli.verbs.")]
    heavy = {"boto3", "botocore", "numpy", "pandas", "pyarrow", "plotly", "sklearn"} & sys.modules.keys()
    sys.exit(f"imported: {verbs} {heavy}" if verbs or heavy else 0)
"""
    answer = subprocess.run([sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False)

    assert answer.stderr == ""
    assert "Usage: evergreen" in " ".join(answer.stdout.split())
    assert answer.returncode == 0


def test_a_misspelt_verb_is_told_the_right_one(run):
    code, said = run("predct")

    assert code == 2
    assert "Did you mean 'predict'?" in said


def test_an_unknown_key_in_model_toml_stops_before_anything_starts(run, tmp_path):
    code, said = train_on(tmp_path, run, settings=SETTINGS.replace("target =", "targt ="))

    assert code == 1
    assert said == "evergreen: model.toml:11: data.targt: unknown key; did you mean target?"


def test_a_missing_table_is_named_with_the_key_that_names_it(run, tmp_path):
    code, said = train_on(tmp_path, run, data=None)

    assert code == 1
    assert "data/texas_2000_2006.csv does not exist; model.toml names it as [data] path" in said


def test_an_empty_table_is_refused(run, tmp_path):
    code, said = train_on(tmp_path, run, data="")

    assert code == 1
    assert "is empty: it needs a header line and rows" in said


def test_a_missing_column_is_named_beside_those_that_are_there(run, tmp_path):
    code, said = train_on(tmp_path, run, data=HEADER.replace("median", "price") + "\n")

    assert code == 1
    assert "has no column 'median'" in said
    assert "price" in said


def test_without_credentials_the_ways_out_are_named(run, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    code, said = train_on(tmp_path, run)

    assert code == 1
    assert "AWS_PROFILE" in said
    assert "--local" in said


def test_without_a_region_the_ways_out_are_named(run):
    code, said = run("predict", "city=Austin", "-e", "not-in-the-code")

    assert code == 1
    assert "AWS_REGION" in said
    assert "--local" in said


def test_local_without_a_cloud_says_how_to_start_one(run, monkeypatch, tmp_path):
    monkeypatch.setattr("cli.aws.target.CLOUD_HOME", tmp_path)
    code, said = run("predict", "--local", "city=Austin")

    assert (code, said) == (1, "evergreen: No embedded cloud is running. Start it with: make up")


def test_a_port_in_use_is_named_with_the_remedy(run, monkeypatch, tmp_path):
    monkeypatch.setattr("cli.verbs.demo.HOME", tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = run("demo", "--port", str(port))

    assert code == 1
    assert str(port) in said
    assert "in use" in said
