"""Ctrl-C in the middle of the demo: one line, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cli.aws.target import CHECKOUT

# Moments of the demo to interrupt it at, by what it has just said.
MOMENTS = ("Start the embedded cloud", "cdk deploy")


def left_behind(home: Path) -> list[str]:
    """Processes that name the demo's folder, or that sit in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(home) in " ".join(process.cmdline()) or process.cwd().startswith(str(home)):
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@pytest.mark.parametrize(
    ("moment", "number"), [*((moment, signal.SIGINT) for moment in MOMENTS), ("Training workflow", signal.SIGTERM)]
)
def test_an_interrupted_demo_says_so_and_leaves_nothing(moment, number, tmp_path):
    home = tmp_path / "demo"
    start = "from cli.main import main; main()"
    script = f"import pathlib, cli.verbs.demo as demo; demo.HOME = pathlib.Path({str(home)!r}); {start}"
    demo = subprocess.Popen(
        [sys.executable, "-u", "-c", script, "demo"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = []
    for line in demo.stdout:
        said.append(line)
        if line.strip().startswith(moment) and line.rstrip().endswith("..."):
            break
    else:
        pytest.fail(f"the demo never said {moment!r}: {said} {demo.stderr.read()}")

    # As a terminal does: to every process of the foreground group.
    os.killpg(demo.pid, number)
    _, complaint = demo.communicate(timeout=30)

    assert demo.returncode == 130
    assert complaint.strip() == "evergreen: interrupted; what this command started has been stopped"
    # A process on a leash ends when its owner has ended, not before.
    deadline = time.monotonic() + 10
    while (left := left_behind(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert not (home / "cloud.json").exists()
