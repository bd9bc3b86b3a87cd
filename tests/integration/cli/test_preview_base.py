"""The settings and the table of another commit, as `evergreen preview` takes them from Git."""

import subprocess

import pytest

from cli.data.git import Git
from cli.pipeline.base import write_base
from evergreen.errors import CommandFailed
from evergreen.settings.model_toml import read_settings


@pytest.fixture
def repository(tmp_path):
    """A function that commits files by their names in a subfolder of a repository."""
    root = tmp_path / "repository"
    (root / "model").mkdir(parents=True)

    def git(*words):
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@example.com", *words], cwd=root, check=True)

    git("init", "-q", "-b", "main")

    def commit(**files):
        for name, content in files.items():
            file = root / "model" / name.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", "more")
        return root / "model" / "model.toml"

    return commit


@pytest.fixture
def base_of(tmp_path):
    def _base(settings_file, ref="main"):
        git = Git.containing(settings_file.parent)
        return write_base(git, ref, settings_file, read_settings(settings_file), tmp_path / "base")

    return _base


@pytest.fixture
def settings(checkout):
    """The demo's settings, of a table of its own name."""
    return (checkout / "model.toml").read_text().replace("data/texas_2000_2006.csv", "data/houses.csv")


def test_settings_and_table_are_those_of_the_commit(repository, base_of, settings):
    file = repository(**{"model.toml": settings, "data__houses.csv": "then\n"})
    file.write_text(f"{settings}\n# changed\n")
    (file.parent / "data" / "houses.csv").write_text("now\n")

    base = base_of(file)

    assert base.settings_file.read_text() == settings
    assert (base.settings_file.parent / "data" / "houses.csv").read_text() == "then\n"
    assert base.notes == ()


def test_a_table_may_be_a_folder(repository, base_of, settings):
    settings = settings.replace("data/houses.csv", "data/houses")
    file = repository(
        **{"model.toml": settings, "data__houses__2000.csv": "a\n", "data__houses__later__2001.csv": "b\n"}
    )

    base = base_of(file)

    table = base.settings_file.parent / "data" / "houses"
    assert sorted(path.relative_to(table).as_posix() for path in table.rglob("*.csv")) == ["2000.csv", "later/2001.csv"]


def test_a_table_that_is_not_in_git_is_the_one_that_is_here_and_that_is_said(repository, base_of, settings):
    file = repository(**{"model.toml": settings, ".gitignore": "data/\n"})
    (file.parent / "data").mkdir()
    (file.parent / "data" / "houses.csv").write_text("here\n")

    base = base_of(file)

    assert (base.settings_file.parent / "data" / "houses.csv").read_text() == "here\n"
    assert base.notes == ("The table of main is not in Git: both were trained on the one that is here.",)


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ('name = "', 'name = "other-', "another model"),
        ("[split]", "[splitt]", "cannot be used by this code"),
    ],
)
def test_settings_that_cannot_be_compared_are_named(repository, base_of, settings, before, after, note):
    assert before in settings
    file = repository(**{"model.toml": settings.replace(before, after, 1), "data__houses.csv": "then\n"})
    file.write_text(settings)

    base = base_of(file)

    assert base.settings_file is None
    assert note in base.notes[0]


def test_a_commit_without_settings_has_nothing_to_compare_with(repository, base_of, settings):
    file = repository(**{"readme": "hello\n"})
    file.write_text(settings)

    assert base_of(file).notes == ("main has no model/model.toml: there is nothing to compare with.",)


def test_an_unknown_commit_is_one_message(repository, base_of, settings):
    file = repository(**{"model.toml": settings})

    for ref in ("origin/main", "--output=x", ""):
        with pytest.raises(CommandFailed, match="this clone has no commit"):
            base_of(file, ref)
