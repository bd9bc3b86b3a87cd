"""Runs one command that must not outlive the process that started it.

    python -I -S leash.py <grace seconds> <command> [argument ...]

The owner, which starts the leash, keeps the write end of the leash's standard input. When it closes, since the owner
exited or was killed, or when a SIGTERM arrives, the command gets a SIGTERM and has `grace` seconds to end. Then all
processes left in its process group are killed, also when the command ends by itself. The exit code is the command's.

The leash imports only a little of the standard library, since it delays the start of every job.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys


def main(grace: float, command: list[str]) -> int:
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    # The command inherits open descriptors: the cloud's server gets its listening socket this way.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False, process_group=0)
    try:
        _wait_for_end(child, wake)
        if child.poll() is None:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=grace)
    finally:
        # The group still exists if the command left children.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _wait_for_end(child: subprocess.Popen, wake: int) -> None:
    """Return when the command or its owner has ended, or a SIGTERM has arrived."""
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin.fileno(), wake], [], [])
        if sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 1):
            return
        if wake in ready and signal.SIGTERM in os.read(wake, 64):
            return


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
