"""What a process that reads the online store is asked, and answers: a line of JSON each.

    {"customers": ["customer-0000001"], "calls": 100}
    {"seconds": [...], "processor_s": [...], "values": [[...]]}

Imports nothing beyond the standard library, since a cold start is measured.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence

# Takes customers; returns the features of each, in the order of the view.
Read = Callable[[Sequence[str]], list[list[float]]]


def serve(read: Read) -> None:
    """Answer until the input ends. Seconds are those of each call; values are those of the last one."""
    for line in sys.stdin:
        asked = json.loads(line)
        seconds, on_processor, values = [], [], None
        for _ in range(asked["calls"]):
            started, running = time.perf_counter(), time.process_time()
            values = read(asked["customers"])
            on_processor.append(time.process_time() - running)
            seconds.append(time.perf_counter() - started)
        print(json.dumps({"seconds": seconds, "processor_s": on_processor, "values": values}), flush=True)
