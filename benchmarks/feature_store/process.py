"""Calls `main` of a module in a process of its own, and writes what it took.

    python -O -m benchmarks.feature_store.process RESULT MODULE ARGUMENT ...

The file RESULT is JSON: seconds of importing the module and of its `main`, processor time of `main` in seconds, and the
peak of resident memory in MB.
"""

import importlib
import json
import sys
import time
from pathlib import Path

from benchmarks.machine import peak_mb


def main() -> None:
    _, result, module, *arguments = sys.argv
    started = time.perf_counter()
    program = importlib.import_module(module)
    imported, on_processor = time.perf_counter(), time.process_time()
    sys.argv = [module, *arguments]
    program.main()
    taken = {
        "imports_s": imported - started,
        "seconds": time.perf_counter() - imported,
        "processor_s": time.process_time() - on_processor,
        "peak_mb": peak_mb(),
    }
    Path(result).write_text(json.dumps(taken))


if __name__ == "__main__":
    main()
