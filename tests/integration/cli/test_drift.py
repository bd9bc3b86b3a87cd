"""evergreen drift: what it prints beside the result of the check."""

from dataclasses import asdict, replace

import pytest

from cli.aws.checks import Checks
from cli.aws.target import Target
from cli.verbs.drift import drift
from functions.check_drift.result import OK
from tests.unit.functions.notifications import CHECK


@pytest.mark.parametrize(
    ("found", "said"),
    [(CHECK, "What to do: This is drift without loss of quality"), (replace(CHECK, status=OK, alarms=[]), "")],
)
def test_it_says_what_to_do_if_there_is_something_to_do(found, said, monkeypatch, capsys):
    monkeypatch.setattr(Target, "choose", lambda environment, local: Target(environment, embedded=local))
    monkeypatch.setattr(Checks, "run", lambda *_, **__: asdict(found))

    drift(environment="prod", local=False)

    printed = " ".join(capsys.readouterr().out.split())
    assert said in printed
    assert ("What to do" in printed) == bool(said)
    assert ("`evergreen train -e prod`" in printed) == bool(said)
