"""The `evergreen` command. A failure that a user can act on is one message and exit code 1."""

import signal
import sys

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from cli.console import errors
from cli.interruption import Interrupted, interrupt
from cli.verbs.card import card
from cli.verbs.dashboard import dashboard
from cli.verbs.data import app as data
from cli.verbs.demo import demo
from cli.verbs.drift import drift
from cli.verbs.forget import forget
from cli.verbs.predict import predict
from cli.verbs.reproduce import reproduce
from cli.verbs.rollback import rollback
from cli.verbs.train import train
from cli.verbs.up import up
from cli.verbs.versions import versions
from evergreen.errors import EvergreenError
from local.cloud import CloudError, CloudNotRunning

app = typer.Typer(
    name="evergreen",
    help="Train, serve and watch a tabular model on AWS, or on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(up)
app.command()(train)
app.command()(predict)
app.command()(versions)
app.command()(rollback)
app.command()(drift)
app.command()(dashboard)
app.command()(forget)
app.command()(card)
app.command()(reproduce)
app.add_typer(data, name="data")


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        app()
    except Interrupted:
        errors.print("\nevergreen: interrupted; what this command started has been stopped")
        sys.exit(130)
    except (EvergreenError, CloudError, CloudNotRunning) as error:
        _fail(str(error))
    except NoCredentialsError:
        _fail("no AWS credentials: name a profile in AWS_PROFILE, or add --local for the embedded cloud")
    except NoRegionError:
        _fail("no AWS region: name one in AWS_REGION, or add --local for the embedded cloud")
    except (BotoCoreError, ClientError) as error:
        _fail(f"AWS: {error}")
    except OSError as error:
        _fail(str(error))


def _fail(message: str) -> None:
    errors.print(f"evergreen: {message}", style="red", markup=False, soft_wrap=True)
    sys.exit(1)
