"""evergreen replay, whole, but for its years: the first two of nine."""

import subprocess
import sys

from cli.aws.target import CHECKOUT


def test_years_are_lived_checked_renewed_and_drawn(tmp_path):
    start = "from cli.main import main; main()"
    script = f"import pathlib, cli.verbs.replay as replay; replay.HOME = pathlib.Path({str(tmp_path)!r}); {start}"
    command = [sys.executable, "-c", script, "replay", "--until", "2008"]

    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    said = " ".join(answer.stdout.split())
    assert answer.returncode == 0, said + answer.stderr
    assert "2007: predict, tell the truth, check, renew" in said
    assert "1 of 1 renewals promoted another version" in said
    page = (tmp_path / "replay.html").read_text()
    assert "A model that renews itself" in page
    cards = list(tmp_path.glob("model-card-*.html"))
    assert len(cards) == 2
    assert all(card.name in page for card in cards)
    assert (tmp_path / "drift-2007.html").exists()
