"""Writes the components and the pipeline as YAML: python -m integrations.kubeflow.compile"""

import sys
from pathlib import Path

from kfp import compiler

from integrations.kubeflow.components import check_drift, predict_batch, promote, train
from integrations.kubeflow.pipeline import evergreen

COMPILED = {
    "train": train,
    "predict-batch": predict_batch,
    "promote": promote,
    "check-drift": check_drift,
    "pipeline": evergreen,
}


def compile_all(folder: Path) -> None:
    """Write a file for each; the same bytes each time."""
    folder.mkdir(exist_ok=True)
    for name, component in COMPILED.items():
        compiler.Compiler().compile(component, str(folder / f"{name}.yaml"))


if __name__ == "__main__":
    compile_all(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "compiled")
