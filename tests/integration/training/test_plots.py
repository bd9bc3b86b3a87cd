"""The plots are the same bytes in another process."""

import os
import subprocess
import sys


def test_another_process_with_another_hash_seed_draws_the_same_bytes(checkout):
    program = (
        "from evergreen.metrics import Outcomes\n"
        "from training.documents.outcome_plots import outcome_plots\n"
        "numbers = [float(number) for number in range(50)]\n"
        "labels = ['no', 'yes'] * 25\n"
        "rows = [[number / 50, 1 - number / 50] for number in numbers]\n"
        "regression = Outcomes(actual=numbers, predicted=numbers[::-1])\n"
        "classes = Outcomes(actual=labels, predicted=labels, probabilities=rows, classes=('no', 'yes'))\n"
        "for outcomes in (regression, classes):\n"
        "    print(*(figure.svg for figure in outcome_plots(outcomes, target='price')))\n"
    )

    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", program]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    first = run("1")
    assert first == run("2")
    assert "<dc:date>" not in first
