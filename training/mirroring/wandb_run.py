"""Writes one run to Weights & Biases: python -m training.mirroring.wandb_run, with the record on stdin.

It runs in a process with W&B's client. On stdout is the run's address.
"""

import json
import sys
from pathlib import Path
from typing import Any

import wandb

# Seconds for the server to know the run, and to take all of it.
_INIT, _FINISH = 60, 60


def write(record: dict[str, Any]) -> str:
    """The run's address. A run of the same id goes on: doing it again changes nothing.

    Raises:
        wandb.Error, TimeoutError: the server refused, or did not answer.
    """
    run = wandb.init(
        entity=record["entity"],
        project=record["project"],
        id=record["id"],
        name=record["name"],
        config=record["config"],
        job_type="training",
        resume="allow",
        dir=record["folder"],
        settings=wandb.Settings(
            console="off",
            x_disable_stats=True,
            save_code=False,
            disable_git=True,
            disable_code=True,
            init_timeout=_INIT,
            finish_timeout=_FINISH,
            finish_timeout_raises=True,
        ),
    )
    importance = wandb.Table(columns=["feature", "importance"], data=record["importance"])
    holdout = wandb.Table(columns=["actual", "predicted"], data=record["holdout"])
    shown = {
        **record["summary"],
        "importance": wandb.plot.bar(importance, "feature", "importance", title="Importance of the features"),
        "holdout": holdout,
    }
    if all(isinstance(value, int | float) for row in record["holdout"] for value in row):
        shown["fit"] = wandb.plot.scatter(holdout, "actual", "predicted", title="Holdout: truth and prediction")
    documents = [Path(path) for path in record["documents"]]
    for page in documents:
        if page.suffix == ".html":
            shown[page.stem] = wandb.Html(page.read_text(), inject=False)
    run.log(shown)
    artifact = wandb.Artifact(f"documents-{record['id']}", type="documents", metadata=record["config"]["lineage"])
    for path in documents:
        artifact.add_file(str(path))
    run.log_artifact(artifact)
    url = str(run.url or f"{record['entity']}/{record['project']}/{record['id']}")
    run.finish()
    return url


if __name__ == "__main__":
    print(write(json.load(sys.stdin)))
