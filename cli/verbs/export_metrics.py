"""evergreen export-metrics: what CloudWatch knows of a stack, for Prometheus."""

import threading
from typing import Annotated

import typer

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console, errors
from cli.interruption import Interrupted

# The one that Prometheus's list of default ports has for exporters of CloudWatch.
_PORT = 9106


def export_metrics(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = _PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Whoever reaches it reads the metrics: it asks for no password.")
    ] = "127.0.0.1",
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Serve a stack's metrics, alarms and version to Prometheus, until Ctrl-C.

    CloudWatch is read when Prometheus asks, and once a minute at most. docs/integrations/prometheus.md says what of
    it is priced.
    """
    # Not at the top: `evergreen export-metrics --help` does without boto3.
    from cli.metrics_export.exposition import StackCollector
    from cli.metrics_export.reading import Reader
    from cli.metrics_export.refreshing import Refresher
    from cli.metrics_export.server import serving
    from cli.metrics_export.stack import Stack

    stack = Stack(Target.choose(environment, local=local))
    refresher = Refresher(Reader(stack, _tell).read)
    with serving(StackCollector(stack.model, refresher.snapshot), host, port):
        shown = f"[{host}]" if ":" in host else host
        console.print(f"The metrics of {stack.model}, {environment}: http://{shown}:{port}/metrics", markup=False)
        try:
            threading.Event().wait()
        except Interrupted:
            console.print("Stopped.")


def _tell(sentence: str) -> None:
    """A line of the log, which systemd keeps with its time."""
    errors.print(f"evergreen: {sentence}", markup=False, soft_wrap=True)
