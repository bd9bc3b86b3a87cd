"""Calls a handler in a loop, without a network, and writes the seconds of each call.

python -s -S timed.py <events.json> <output.json>

`events.json` holds a list of [event, calls]; the output a list of lists of seconds, and the last answers.
"""

import importlib
import json
import os
import sys
import time
from types import SimpleNamespace

sys.path[:] = [*os.environ["BENCHMARK_PATH"].split(os.pathsep), *sys.path[1:]]
module, _, name = os.environ["_HANDLER"].rpartition(".")
handler = getattr(importlib.import_module(module), name)
context = SimpleNamespace(
    function_name="benchmark",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:benchmark",
    aws_request_id="request",
)
with open(sys.argv[1]) as file:  # noqa: PTH123 - pathlib is not imported in what is measured
    plan = json.load(file)
seconds, answers = [], []
for event, calls in plan:
    for _ in range(max(1, calls // 10)):
        answer = handler(event, context)
    taken = []
    for _ in range(calls):
        started = time.perf_counter()
        answer = handler(event, context)
        taken.append(time.perf_counter() - started)
    seconds.append(taken)
    answers.append(answer)
with open(sys.argv[2], "w") as file:  # noqa: PTH123
    json.dump({"seconds": seconds, "answers": answers}, file)
