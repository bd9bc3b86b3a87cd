"""The demo's candidates: model.toml with another estimator, to be judged against the champion."""

import re
from dataclasses import dataclass
from pathlib import Path

from cli.aws.target import CHECKOUT


@dataclass(frozen=True)
class Candidate:
    """A title, and the [estimator] section of model.toml."""

    title: str
    estimator: str


FIRST = Candidate("a small decision tree", 'type = "decision_tree"\nparameters = { max_depth = 6 }')
WORSE = Candidate(
    "the same with a tenth of its trees", 'type = "hist_gradient_boosting"\nparameters = { max_iter = 20 }'
)


def write_settings(candidate: Candidate, folder: Path) -> Path:
    """Write the candidate's model.toml to a folder, with the absolute path of its table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (CHECKOUT / "model.toml").read_text()
    text = re.sub(r"(?s)\[estimator\]\n.*?\n\n", f"[estimator]\n{candidate.estimator}\n\n", text, count=1)
    text = re.sub(r'(?m)^path = "(.*?)"', lambda found: f'path = "{CHECKOUT / found[1]}"', text, count=1)
    file = folder / "model.toml"
    file.write_text(text)
    return file
