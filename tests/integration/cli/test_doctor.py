"""evergreen doctor as a whole, and its checks of this machine."""

import json
import os
import shutil
import threading
import time

import pytest

from cli.doctor import checkout as of_checkout
from cli.doctor.check import Check, SideBySide
from cli.doctor.data import data
from cli.findings import Finding, Status
from cli.main import app
from cli.verbs.doctor import conclusion
from evergreen.errors import CommandFailed


@pytest.fixture
def doctor(monkeypatch, capsys, checkout):
    """Runs it in the checkout as somebody whose keys nobody asks for; returns its exit code and what it printed."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.chdir(checkout)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            app(["doctor", *arguments], prog_name="evergreen")
        return ended.value.code, capsys.readouterr().out

    return run


def test_where_no_network_is_it_ends_soon_and_looks_at_what_needs_none(doctor, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    started = time.monotonic()
    code, said = doctor("--json")

    document = json.loads(said)
    statuses = {finding["check"]: finding["status"] for finding in document["findings"]}
    assert (code, document["ok"], statuses["account"]) == (1, False, "failed")
    assert statuses["data"] == "ok"
    assert statuses["stack"] == statuses["SageMaker quotas"] == "skipped"
    assert time.monotonic() - started < 60  # on a machine that does nothing else, a few seconds


def test_it_ends_with_one_sentence_that_says_how_many_failed(doctor, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    _, said = doctor()

    *_, last = said.strip().splitlines()
    assert last.startswith("1 of ")
    assert "run evergreen doctor again" in last


def test_an_environment_that_is_not_in_the_code_is_named():
    with pytest.raises(CommandFailed, match="no environment 'test'; it has: dev, prod"):
        app(["doctor", "-e", "test"], prog_name="evergreen")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.OK, "None of 1 failed. Next: cdk deploy evergreen-dev"),
        (Status.WARNING, "None of 1 failed, 1 to think about. Next: cdk deploy evergreen-dev"),
        (Status.SKIPPED, "None of 1 failed, 1 not looked at. Next: cdk deploy evergreen-dev"),
        (Status.FAILED, "1 of 1 failed. Do what the arrows say, and run evergreen doctor again."),
    ],
)
def test_the_sentence_names_the_next_command(plan, status, said):
    assert conclusion([Finding(check="x", status=status, found="")], plan) == said


def test_a_check_that_hangs_is_given_up_and_the_others_are_not_kept_waiting():
    running = SideBySide()
    never = threading.Event()
    running.start(Check(name="hangs", look=lambda: never.wait(5) or [], seconds=0.1))
    running.start(Check(name="works", look=lambda: [Finding(check="works", status=Status.OK, found="")]))

    ended = {check.name: findings for check, findings in running.ended()}
    assert ended["works"][0].status == "ok"
    assert (ended["hangs"][0].status, ended["hangs"][0].found) == ("skipped", "no answer within 0.1 s")
    never.set()


def test_a_fault_of_ours_is_not_taken_for_a_finding():
    running = SideBySide()
    running.start(Check(name="wrong", look=lambda: [][0]))

    with pytest.raises(IndexError):
        list(running.ended())


@pytest.fixture
def copied(tmp_path, checkout):
    """A checkout of its own, with what a set-up leaves in it."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / "scripts").mkdir()
    for name in ("requirements.txt", "package-lock.json", "pyproject.toml", "scripts/setup.sh"):
        shutil.copyfile(checkout / name, tmp_path / name)
    (tmp_path / "node_modules" / "aws-cdk").mkdir(parents=True)
    installed = checkout / "node_modules" / "aws-cdk" / "package.json"
    shutil.copyfile(installed, tmp_path / "node_modules" / "aws-cdk" / "package.json")
    (tmp_path / ".venv" / ".ready").touch()
    return tmp_path


def test_a_checkout_that_was_set_up_is_fine(copied):
    assert of_checkout.packages(copied)[0].status == "ok"
    assert of_checkout.tools(copied)[0].status == "ok"


def test_packages_that_are_not_the_locks_are_named_with_the_remedy(copied):
    lock = copied / "requirements.txt"
    lock.write_text(f"{lock.read_text()}\nno-such-package==1.0 \\\n    --hash=sha256:0\nboto3==0.1 \\\n")

    (finding,) = of_checkout.packages(copied)
    assert (finding.status, finding.remedy) == ("failed", "make setup")
    assert "no-such-package is missing" in finding.found


def test_a_lock_that_changed_after_the_set_up_is_a_warning(copied):
    ready, lock = copied / ".venv" / ".ready", copied / "requirements.txt"
    later = ready.stat().st_mtime + 10
    os.utime(lock, (later, later))

    (finding,) = of_checkout.packages(copied)
    assert (finding.status, finding.found) == ("warning", "requirements.txt changed after the set-up")


def test_a_cdk_of_another_version_or_none_is_told(copied):
    package = copied / "node_modules" / "aws-cdk" / "package.json"
    package.write_text('{"version": "2.0.0"}')
    assert "aws-cdk is 2.0.0, and the lock says 2." in of_checkout.tools(copied)[0].found

    package.unlink()
    assert of_checkout.tools(copied)[0].status == "failed"


@pytest.fixture
def table(tmp_path, checkout):
    """model.toml with the demo's table; gives the path of either."""
    shutil.copyfile(checkout / "model.toml", tmp_path / "model.toml")
    (tmp_path / "data").mkdir()
    name = "data/texas_2000_2006.csv"
    shutil.copyfile(checkout / name, tmp_path / name)
    return tmp_path / "model.toml", tmp_path / name


def test_the_table_is_taken_as_prepare_takes_it(table):
    finding, *_ = data(table[0])
    assert finding.status == "ok"
    assert "3864 rows, 2624 to train on, 687 kept for judging" in finding.found


def test_a_table_that_is_missing_is_fetched_if_dvc_has_it(table):
    settings, file = table
    file.unlink()
    assert "put the table there" in data(settings)[0].remedy

    file.with_name(f"{file.name}.dvc").touch()
    assert data(settings)[0].remedy == "evergreen data pull"


def test_a_table_that_does_not_fit_is_refused_in_prepares_words(table):
    settings, file = table
    file.write_text(file.read_text().replace("median", "price", 1))

    (finding,) = data(settings)
    assert finding.status == "failed"
    assert "'median'" in finding.found


def test_settings_that_are_wrong_are_named_with_their_line(table):
    settings, _ = table
    settings.write_text(settings.read_text().replace("target =", "targt ="))

    (finding,) = data(settings)
    assert finding.status == "failed"
    assert "data.targt: unknown key" in finding.found
