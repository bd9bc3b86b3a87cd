"""evergreen smoke takes out of the captures what it has sent, or names it: late, lost, or interrupted."""

import shlex
import signal

import pytest

from cli.aws.captures import forget_predictions
from cli.findings import Status
from cli.interruption import Interrupted, interrupt
from cli.smoke.predictions import ROWS
from evergreen import names
from tests.integration.cli.smoke.fake_stack import failing


def test_captures_that_never_come_fail_and_the_ids_are_named_with_the_command(stack):
    stack.delivers = False
    findings = stack.smoke()

    assert failing(findings) == {"predictions captured", "label captured", "removal"}
    assert f"0 of {ROWS} have come" in findings["predictions captured"].found
    assert "undelivered/" in findings["predictions captured"].remedy

    command = findings["removal"].remedy.removeprefix("in some minutes: ")
    (*words,) = shlex.split(command)
    assert words[:5] == ["evergreen", "forget", "-e", "dev", "--local"]
    stack.deliver()
    assert set(stack.captured()) == set(words[5:])
    assert len(words[5:]) == ROWS
    forget_predictions(stack.target, words[5:], lambda _words: None)
    assert stack.captured() == []


def test_an_answer_that_is_lost_fails_and_the_rest_is_removed(stack):
    stack.loses = 10
    findings = stack.smoke()

    assert failing(findings) == {"predict"}
    assert findings["removal"].status == Status.WARNING
    assert "1 request had no answer" in findings["removal"].found
    assert len(stack.captured()) == 1, "of a row without an answer nobody knows the id"


@pytest.mark.parametrize("place", [1, 2, 10])
def test_ctrl_c_in_the_middle_removes_what_was_sent_and_names_it_first(stack, monkeypatch, capsys, place):
    record, seen = stack.record, []

    def interrupted(kind, extra=None):
        record(kind, extra)
        seen.append(kind)
        if seen.count(names.RECORD_PREDICT) == place:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, interrupt)
    monkeypatch.setattr("functions.predict.handler.logger.info", interrupted)
    try:
        with pytest.raises(Interrupted):
            stack.smoke()
    finally:
        signal.signal(signal.SIGINT, before)

    sent = place if place == 1 else place + 1
    assert stack.captured() == []
    (removal,) = (finding.found for finding in stack.told if finding.check == "removal")
    assert removal.startswith(f"{sent} prediction")
    named = capsys.readouterr().err
    assert "evergreen forget -e dev --local" in named
    assert len(named.partition("--local")[2].split()) == sent
