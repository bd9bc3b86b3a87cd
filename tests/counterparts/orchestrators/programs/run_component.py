"""Runs a compiled component or pipeline with kfp's own local runner; prints its outputs and metrics."""

import json
import sys

from kfp import components, local


def plain(output: object) -> object:
    """An artifact as its path and metadata."""
    return {"path": output.path, **output.metadata} if hasattr(output, "metadata") else output


given = json.load(sys.stdin)
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=given["root"], raise_on_error=True)
made = components.load_component_from_file(given["file"])(**given["arguments"])
print(json.dumps({name: plain(output) for name, output in made.outputs.items()}))
