"""A child process that, with its descendants, cannot outlive this one."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_LEASH = Path(__file__).with_name("leash.py")
# Time, beyond the grace, that the leash needs to kill the group and exit.
_MARGIN_SECONDS = 3.0


class LeashedProcess:
    """Runs `command` in its own session; `close` or the end of this process ends it and all processes that it started.

    `grace` is the time in seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        output: int | IO[bytes],
        grace: float = 5.0,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._grace = grace
        # -I -S: the leash must not read the job's PYTHONPATH; it also starts in a third of the time.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LEASH), str(grace), *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            # Ctrl-C in the terminal reaches the owner only, which then stops its children in order.
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> IO[bytes]:
        """The command's output, if `output` was `subprocess.PIPE`."""
        assert self._process.stdout is not None
        return self._process.stdout

    def exit_code(self) -> int | None:
        """The exit code: None while the command runs; 128 + the signal's number if a signal ended it."""
        return self._process.poll()

    def terminate(self) -> None:
        """Send a SIGTERM and return at once."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        return self._process.wait(timeout)

    def close(self) -> None:
        """End the command within about `grace` seconds; may be called again."""
        self.terminate()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(self._grace + _MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
