"""What goes wrong with the cloud as a whole."""


class CloudError(RuntimeError):
    """The embedded cloud did not start, or did not end; the message states the cause and the remedy."""


class CloudNotRunning(RuntimeError):
    """A command needs the embedded cloud, but no cloud answers."""

    def __init__(self) -> None:
        super().__init__("No embedded cloud is running. Start it with: make up")
