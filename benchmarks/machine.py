"""What the results were measured on, and how much memory a process took."""

import os
import platform
import resource
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def describe(command: str, libraries: Sequence[str]) -> dict[str, str]:
    """The machine, the versions of the libraries, the day and the command, as a page shows them."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{library: version(library) for library in libraries},
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": command,
    }


def peak_mb() -> float:
    """The most resident memory that this process has had since it was executed, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss starts from what the parent had at the fork.
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts bytes


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
