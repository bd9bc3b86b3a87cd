"""The unit that runs the exporter calls the command as it is, and systemd has nothing against it but the place."""

import shutil
import subprocess

import pytest
from typer.main import get_command

from cli.main import app

UNIT = "integrations/prometheus/evergreen-metrics@.service"


def test_the_unit_gives_the_command_words_that_it_takes(checkout):
    lines = dict(line.split("=", 1) for line in (checkout / UNIT).read_text().splitlines() if line[:1].isupper())
    program, verb, *words = lines["ExecStart"].replace("%i", "dev").replace("${PORT}", "9106").split()
    group = get_command(app)

    assert program.startswith(lines["WorkingDirectory"])
    command = group.get_command(None, verb)
    assert command.make_context(verb, words).params["port"] == 9106
    assert lines["Environment"] == "PORT=9106"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(checkout):
    words = ["systemd-analyze", "verify", checkout / UNIT]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    ours = [line for line in answer.stderr.splitlines() if "evergreen-metrics" in line]
    assert [line for line in ours if "/opt/evergreen" not in line] == []
