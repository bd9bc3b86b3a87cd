"""evergreen reproduce: a version is trained again from what the buckets and Git have of it."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cli.aws.target import CHECKOUT
from cli.data.storage import DataStorage
from cli.reproduction import Original, code_of, run_module
from cli.verbs.reproduce import reproduce
from evergreen.errors import CommandFailed
from evergreen.versions import bundle, data_version

SETTINGS = """
name = "houses"
[data]
path = "data/houses.csv"
target = "price"
[split]
by = "day"
[estimator]
type = "ridge"
"""
PREFIX = "models/houses/job-1/output/model/"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A table and its model.toml."""
    folder = tmp_path_factory.mktemp("inputs")
    draw = random.Random(0)
    rows = [f"{day},{draw.randint(1, 9)},{draw.random()}" for day in range(400)]
    (folder / "data").mkdir()
    (folder / "data" / "houses.csv").write_text("\n".join(["day,rooms,price", *rows]) + "\n")
    (folder / "model.toml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def trained(inputs, tmp_path_factory):
    """The files of its bundle."""
    folder, settings = tmp_path_factory.mktemp("trained"), str(inputs / "model.toml")
    run_module(
        "training.prepare",
        *("--data", str(inputs / "data" / "houses.csv"), "--settings", settings, "--output", str(folder / "prepared")),
        code=CHECKOUT,
        base=folder,
    )
    run_module(
        "training.train",
        *("--prepared", str(folder / "prepared"), "--settings", settings, "--output", str(folder / "bundle")),
        *("--version", "v1"),
        code=CHECKOUT,
        base=folder,
    )
    return {path.name: path.read_bytes() for path in (folder / "bundle").iterdir()}


@pytest.fixture
def store(aws, target, inputs, trained):
    """Puts the version into a new stack, with changes to its lineage, and gives the stack's environment."""
    storage = DataStorage(target)
    storage.upload(data_version.of_path(inputs / "data" / "houses.csv"))
    storage.upload_settings(inputs / "model.toml")

    def put(*, digest=None, **lineage):
        decision = {
            "version": "v1",
            "bundle": PREFIX,
            "digest": digest or bundle.model_digest(trained[bundle.MODEL], trained[bundle.CONTRACT]),
        }
        documents = {
            f"{PREFIX}decision.json": decision,
            PREFIX + bundle.LINEAGE: json.loads(trained[bundle.LINEAGE]) | lineage,
        }
        for key, document in documents.items():
            aws.client("s3").put_object(
                Bucket=target.outputs["ModelBucket"], Key=key, Body=json.dumps(document).encode()
            )
        return target.environment

    return put


def test_the_same_model_comes_out_again(store, capsys):
    reproduce("v1", store())
    said = " ".join(capsys.readouterr().out.split())
    assert "The same model: v1 has the digest" in said
    assert "is in no commit (git_commit is unknown)" in said


def test_another_model_is_a_failure_that_names_what_differs(store, trained, capsys):
    libraries = json.loads(trained[bundle.LINEAGE])["libraries"]
    changed = {"numpy": "1.0.0", "python": "2.7.18"}
    environment = store(digest="0" * 64, libraries=libraries | changed, cpu="a PDP-11", source_sha256="c0de")
    with pytest.raises(typer.Exit) as end:
        reproduce("v1", environment)
    assert end.value.exit_code == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "v1 has 0000000000000000." in said
    assert f"numpy: 1.0.0 then, {libraries['numpy']} now" in said
    assert "the CPU: a PDP-11 then," in said
    assert f"python: 2.7.18 then, {libraries['python']} now" in said
    assert "the code: c0de then," in said
    assert "pandas:" not in said


def test_another_model_of_the_same_code_libraries_and_processor_is_blamed_on_none_of_them(store, capsys):
    with pytest.raises(typer.Exit):
        reproduce("v1", store(digest="0" * 64))
    said = " ".join(capsys.readouterr().out.split())
    assert said.endswith("Nothing that the lineage records differs, so the training is not deterministic.")


def test_a_version_that_is_not_there_is_refused(store):
    with pytest.raises(CommandFailed, match="no version v2. List them with: evergreen versions"):
        reproduce("v2", store())


def test_a_version_whose_data_is_gone_names_the_object(store):
    with pytest.raises(CommandFailed, match="dvc/files/md5/ab/cdef cannot be read"):
        reproduce("v1", store(data_version="abcdef"))


def test_dvc_repro_gives_the_same_model_in_another_folder(tmp_path, inputs, trained):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    for folder in ("evergreen", "training"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".dvc").mkdir()
    for file in ("dvc.yaml", ".dvc/config", ".dvcignore", ".gitignore"):
        shutil.copyfile(CHECKOUT / file, tmp_path / file)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLFLOW_"))}
    settings["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=tmp_path, env=settings, check=True)
    made = tmp_path / ".evergreen" / "repro" / "bundle"
    assert (made / bundle.MODEL).read_bytes() == trained[bundle.MODEL]
    assert (made / bundle.CONTRACT).read_bytes() == trained[bundle.CONTRACT]
    untracked = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True).stdout
    assert b".evergreen" not in untracked


class TestTheCode:
    @pytest.fixture
    def git(self, tmp_path):
        def run(*arguments):
            command = ["git", "-c", "user.name=A Tester", "-c", "user.email=tester@example.com", *arguments]
            return subprocess.run(command, cwd=tmp_path / "clone", check=True, capture_output=True, text=True).stdout

        return run

    @pytest.fixture
    def commits(self, tmp_path, git):
        (tmp_path / "clone").mkdir()
        git("init", "--quiet")
        for text in ("first", "second"):
            (tmp_path / "clone" / "code.py").write_text(text)
            git("add", "code.py")
            git("commit", "--quiet", "--message", text)
        return git("log", "--reverse", "--format=%H").split()

    @staticmethod
    def original(commit):
        return Original(version="v1", digest="", lineage={"git_commit": commit})

    def test_of_the_present_commit_is_the_checkout_itself(self, tmp_path, commits):
        with code_of(self.original(commits[1]), tmp_path / "clone", tmp_path / "code") as code:
            assert code == tmp_path / "clone"

    def test_of_an_earlier_commit_is_a_work_tree_that_goes_again(self, tmp_path, git, commits):
        with code_of(self.original(commits[0]), tmp_path / "clone", tmp_path / "code") as code:
            assert (code / "code.py").read_text() == "first"
        assert not code.exists()
        assert git("worktree", "list").count("\n") == 1

    def test_is_not_taken_from_a_checkout_with_changes(self, tmp_path, commits):
        (tmp_path / "clone" / "code.py").write_text("third")
        with code_of(self.original(commits[1]), tmp_path / "clone", tmp_path / "code") as code:
            assert (code / "code.py").read_text() == "second"

    def test_that_no_commit_has_is_the_present_one(self, tmp_path, commits):
        for commit in ("unknown", f"{commits[0]}-dirty"):
            with code_of(self.original(commit), tmp_path / "clone", tmp_path / "code") as code:
                assert code == tmp_path / "clone"

    @pytest.mark.usefixtures("commits")
    def test_of_a_commit_that_the_clone_lacks_is_to_be_fetched(self, tmp_path):
        with (
            pytest.raises(CommandFailed, match="commit abababababab, which this clone does not have. Run: git fetch"),
            code_of(self.original("ab" * 20), tmp_path / "clone", tmp_path / "code"),
        ):
            pass

    def test_runs_from_its_own_folder_without_account_and_tracking(self, tmp_path, monkeypatch):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example")
        (tmp_path / "training").mkdir()
        (tmp_path / "training" / "__init__.py").touch()
        (tmp_path / "training" / "prepare.py").write_text(
            "import os, pathlib, sys\n"
            "set_ = sorted(name for name in os.environ if name.startswith(('AWS_', 'MLFLOW_')))\n"
            "pathlib.Path(sys.argv[1]).write_text(f'{__file__} {set_}')\n"
        )
        run_module("training.prepare", str(tmp_path / "out"), code=tmp_path, base=tmp_path)
        assert (tmp_path / "out").read_text() == f"{tmp_path}/training/prepare.py []"

    def test_that_fails_ends_with_its_own_words(self, tmp_path):
        with pytest.raises(CommandFailed, match=r"training.prepare failed: .*nowhere.csv does not exist"):
            run_module("training.prepare", "--data", "nowhere.csv", code=CHECKOUT, base=tmp_path)
