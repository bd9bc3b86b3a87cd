"""evergreen data in a Git repository of its own, with the real DVC, against the embedded cloud over TLS."""

import hashlib
import shutil
import subprocess

import pytest
from botocore.exceptions import ClientError
from typer.main import get_command

from cli.data.storage import DataStorage
from cli.data.versions import DataVersions
from cli.training_run import TrainingRun
from cli.verbs.data import app
from evergreen.errors import CommandFailed, InvalidData
from evergreen.versions import data_version

SETTINGS = """
name = "houses"
[data]
path = "data/houses.csv"
target = "price"
[split]
by = "day"
"""
FIRST = "day,rooms,price\n1,2,100\n2,3,150\n"
SECOND = FIRST + "3,4,200\n"


@pytest.fixture
def git(tmp_path):
    def run(*arguments):
        command = ["git", "-c", "user.name=A Tester", "-c", "user.email=tester@example.com", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture
def repository(tmp_path, checkout, git, monkeypatch):
    """A clone of the template, as far as versions of data need it; the current folder."""
    for file in (".dvc/config", ".dvc/.gitignore", ".dvcignore"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(checkout / file, tmp_path / file)
    (tmp_path / "model.toml").write_text(SETTINGS)
    (tmp_path / "data").mkdir()
    git("init", "--quiet")
    git("config", "user.name", "A Tester")
    git("config", "user.email", "tester@example.com")
    git("add", "--all")
    git("commit", "--quiet", "--message", "The template")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(target, capsys, monkeypatch):
    """Runs `evergreen data ...`; what it said on a wide terminal, its spaces made one."""
    monkeypatch.setattr("cli.verbs.data.console.width", 160)

    def run(verb, *arguments):
        command = [verb, *arguments, "--environment", target.environment]
        get_command(app)(command, standalone_mode=False)
        return " ".join(capsys.readouterr().out.split())

    return run


def stored(aws, target, prefix="dvc/"):
    """The objects of the data bucket by their keys."""
    s3, bucket = aws.client("s3"), target.outputs["DataBucket"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def version_of(content):
    return hashlib.md5(content.encode()).hexdigest()


def test_a_table_is_added_changed_listed_and_brought_back(aws, target, repository, git, data):
    table = repository / "data" / "houses.csv"
    first, second = version_of(FIRST), version_of(SECOND)
    (repository / "model.toml").write_text(SETTINGS + "# mine\n")
    git("add", "model.toml")

    table.write_text(FIRST)
    assert f"data/houses.csv is version {first[:12]}" in data("add", "data/houses.csv")
    table.write_text(SECOND)
    data("add", "data/houses.csv", "-m", "One more house")

    assert git("log", "--format=%s").splitlines()[0] == "One more house"
    assert git("show", "--format=", "--name-only", "HEAD~1").split() == ["data/.gitignore", "data/houses.csv.dvc"]
    assert git("show", "--format=", "--name-only", "HEAD").split() == ["data/houses.csv.dvc"]
    assert git("diff", "--cached", "--name-only").split() == ["model.toml"]
    objects = {data_version.object_key(first): FIRST.encode(), data_version.object_key(second): SECOND.encode()}
    assert stored(aws, target) == objects

    assert "it was committed already" in data("add", "data/houses.csv")
    listed = data("list")
    assert listed.index(second[:12]) < listed.index(first[:12])
    assert "One more house" in listed
    assert listed.count("present") == 1

    data("pull", first[:6])
    assert table.read_text() == FIRST
    assert first in (repository / "data" / "houses.csv.dvc").read_text()

    shutil.rmtree(repository / ".dvc" / "cache")
    table.unlink()
    git("checkout", "data/houses.csv.dvc")
    data("pull")
    assert table.read_text() == SECOND


def test_a_fresh_clone_is_trained_on_the_version_that_its_dvc_file_names(target, repository, data):
    table = repository / "data" / "houses.csv"
    table.write_text(FIRST)
    data("add", "data/houses.csv")
    table.unlink()
    shutil.rmtree(repository / ".dvc" / "cache")

    run = TrainingRun(target, repository / "model.toml")

    assert run.data_version == version_of(FIRST)
    assert data_version.version_of_manifest(run.upload()["data"]) == version_of(FIRST)


def test_what_training_uploads_is_what_dvc_pushes(aws, target, repository, data):
    folder = repository / "data" / "houses"
    (folder / "2001").mkdir(parents=True)
    (folder / "2001" / "é.csv").write_text(FIRST)
    (folder / "2002.csv").write_text(SECOND)
    (repository / "model.toml").write_text(SETTINGS.replace("houses.csv", "houses"))
    uploaded = TrainingRun(target, repository / "model.toml").upload()
    by_training = stored(aws, target)
    assert len(by_training) == 3
    for key in by_training:
        aws.client("s3").delete_object(Bucket=target.outputs["DataBucket"], Key=key)

    data("add", "data/houses")
    assert stored(aws, target) == by_training
    version = data_version.of_path(folder).version
    assert uploaded["data"] == f"s3://{target.outputs['DataBucket']}/data/{version}.manifest"
    shutil.rmtree(repository / ".dvc" / "cache")
    shutil.rmtree(folder)
    data("pull")
    assert data_version.of_path(folder).version == version


def test_the_stack_is_told_of_a_version_that_is_brought_and_not_of_one_that_is_trained_on(
    aws, target, repository, data
):
    table, first, second = repository / "data" / "houses.csv", version_of(FIRST), version_of(SECOND)
    table.write_text(FIRST)
    TrainingRun(target, repository / "model.toml").upload()
    # It is there already: whoever brought it has trained on it.
    data("add", "data/houses.csv")
    data("push")
    assert data_version.news_key(first) not in stored(aws, target, "data/")

    table.write_text(SECOND)
    data("add", "data/houses.csv")
    told = stored(aws, target, "data/")
    assert told[data_version.news_key(second)] == b""
    assert data_version.manifest_key(second) in told
    assert second in {version for version, _ in DataStorage(target).versions()}


def test_a_push_completes_the_version_that_the_dvc_file_names_and_tells_of_it_once(aws, target, repository, data):
    table, version = repository / "data" / "houses.csv", version_of(FIRST)
    table.write_text(FIRST)
    data("add", "data/houses.csv")
    s3, bucket = aws.client("s3"), target.outputs["DataBucket"]
    # As if the clone had added it to another stack's bucket.
    for key in (*stored(aws, target), *stored(aws, target, "data/")):
        s3.delete_object(Bucket=bucket, Key=key)

    data("push")

    assert set(stored(aws, target, "data/")) == {data_version.manifest_key(version), data_version.news_key(version)}
    s3.delete_object(Bucket=bucket, Key=data_version.news_key(version))
    data("push")
    assert set(stored(aws, target, "data/")) == {data_version.manifest_key(version)}


def test_without_a_model_toml_a_push_is_dvcs_alone(repository, data):
    (repository / "data" / "houses.csv").write_text(FIRST)
    data("add", "data/houses.csv")
    (repository / "model.toml").unlink()

    assert "Push to the data bucket" in data("push")


def test_a_table_that_git_tracks_is_refused_with_a_way_out_that_works(repository, git, data):
    (repository / "data" / "houses.csv").write_text(FIRST)
    git("add", "data/houses.csv")
    git("commit", "--quiet", "--message", "In Git itself")
    (repository / "data" / "houses.csv").write_text(SECOND)
    with pytest.raises(CommandFailed, match=r"git rm -r --cached data/houses.csv && git commit"):
        data("add", "data/houses.csv")
    git("rm", "--cached", "data/houses.csv")
    git("commit", "--quiet", "--message", "data/houses.csv moves to DVC")
    data("add", "data/houses.csv")
    assert git("status", "--porcelain") == ""
    listed = data("list")
    assert listed.index(version_of(SECOND)[:12]) < listed.index(version_of(FIRST)[:12])
    assert "In Git itself" in listed


def test_outside_of_a_git_repository_nothing_is_added(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "houses.csv").write_text(FIRST)
    with pytest.raises(CommandFailed, match=r"is not in a Git repository.*git init"):
        data("add", "houses.csv")


def test_an_add_that_was_interrupted_before_its_commit_is_completed_by_another(aws, target, repository, git, data):
    (repository / "data" / "houses.csv").write_text(FIRST)
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no commits today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(CommandFailed, match="git commit --quiet failed: no commits today"):
        data("add", "data/houses.csv")
    hook.unlink()
    data("add", "data/houses.csv")
    assert git("status", "--porcelain") == ""
    assert list(stored(aws, target)) == [data_version.object_key(version_of(FIRST))]


class TestWithATableThatGitTracks:
    """As the demo's: its versions are those of its blobs, and the bucket has those that were trained on."""

    @pytest.fixture
    def table(self, repository, git):
        table = repository / "data" / "houses.csv"
        for content, message in ((FIRST, "Two houses"), (SECOND, "Three houses")):
            table.write_text(content)
            git("add", "data")
            git("commit", "--quiet", "--message", message)
        return table

    def test_its_commits_are_its_versions(self, table, data):  # noqa: ARG002
        listed = data("list")
        assert listed.index("Three houses") < listed.index("Two houses")
        assert version_of(FIRST)[:12] in listed

    def test_an_older_version_is_sent_to_be_trained_on_again(self, aws, target, table):
        run = TrainingRun(target, table.parents[1] / "model.toml", version=version_of(FIRST)[:5])
        uri = run.upload()["data"]
        assert data_version.version_of_manifest(uri) == version_of(FIRST)
        assert stored(aws, target) == {data_version.object_key(version_of(FIRST)): FIRST.encode()}

    def test_a_version_that_was_trained_on_but_never_committed_can_be_named(self, target, table):
        table.write_text(FIRST + SECOND)
        TrainingRun(target, table.parents[1] / "model.toml").upload()
        table.write_text(SECOND)
        named = TrainingRun(target, table.parents[1] / "model.toml", version=version_of(FIRST + SECOND)[:8])
        assert version_of(FIRST + SECOND) in named.upload()["data"]

    def test_changes_that_are_no_version_are_not_lost_by_a_pull(self, table, data):
        table.write_text("mine")
        with pytest.raises(CommandFailed, match="has changes that are in no version and would be lost"):
            data("pull", version_of(FIRST))
        assert table.read_text() == "mine"

    def test_an_unknown_version_and_one_of_several_are_refused(self, target, table):
        versions = DataVersions(table, DataStorage(target))
        with pytest.raises(CommandFailed, match="no data version zz. List them with: evergreen data list"):
            versions.find("zz")
        with pytest.raises(CommandFailed, match="2 data versions begin with"):
            versions.find("")


def test_a_dvc_table_with_changes_is_trained_on_and_said_to_be_no_version(target, repository, data):
    table = repository / "data" / "houses.csv"
    table.write_text(FIRST)
    data("add", "data/houses.csv")
    settings = repository / "model.toml"
    assert TrainingRun(target, settings).notice() == ""
    table.write_text(SECOND)
    run = TrainingRun(target, settings)
    assert run.notice() == "data/houses.csv is not a committed version; run: evergreen data add data/houses.csv"
    assert version_of(SECOND) in run.upload()["data"]


def test_a_file_that_changes_while_it_is_sent_leaves_nothing_at_its_address(aws, target, tmp_path):
    table = tmp_path / "houses.csv"
    table.write_text(FIRST)
    version = data_version.of_path(table)
    with pytest.raises(InvalidData, match="houses.csv was changed while it was uploaded"):
        DataStorage(target).upload(version, on_file=lambda _: table.write_text(SECOND) and None)
    with pytest.raises(ClientError, match="404"):
        aws.client("s3").head_object(Bucket=target.outputs["DataBucket"], Key=data_version.object_key(version.version))
