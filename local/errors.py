"""What goes wrong with the cloud as a whole."""

from pathlib import Path

# Lines of a log that a message has.
_LAST = 20


class CloudError(RuntimeError):
    """The embedded cloud did not start, or did not end; the message states the cause and the remedy."""


class CloudNotRunning(RuntimeError):
    """A command needs the embedded cloud, but no cloud answers."""

    def __init__(self) -> None:
        super().__init__("No embedded cloud is running. Start it with: make up")


def with_log(what: str, log: Path) -> str:
    """A message with the end of a server's log."""
    return "\n".join([f"{what}. The end of {log}:", *log.read_text(errors="replace").splitlines()[-_LAST:]])
