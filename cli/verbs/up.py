"""evergreen up: the embedded cloud, deployed and trained, until Ctrl-C. It comes back as it was."""

import json
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.inbox import Inbox
from cli.aws.inbox import show as show_notification
from cli.aws.registry import Registry
from cli.aws.target import CLOUD_HOME, Target
from cli.console import Steps, console
from cli.embedded import REGION, kept_cloud, saved_at
from cli.interruption import Interrupted
from cli.training_progress import run_training
from evergreen import names

if TYPE_CHECKING:
    from local.cloud import EmbeddedCloud

# Between two looks at whether the servers still run, unless a message comes.
_LOOK_SECONDS = 1


def up(
    port: Annotated[
        int | None, typer.Option(help="Port of the cloud. Without it: a free one, or that of the kept cloud.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the kept cloud and start anew.")] = False,
) -> None:
    """Run the cloud on this machine, deployed and trained, until Ctrl-C.

    What is in it is kept, and comes back at the next `up`: deployed stack, versions, captures, runs of MLflow. It is
    deployed again only if the checkout has changed, and trained only if it has no champion.
    """
    # Not at the top: `evergreen up --help` does without it.
    from local.cloud import EmbeddedCloud

    steps = Steps()
    cloud = EmbeddedCloud(CLOUD_HOME, region=REGION, port=port, keep=True, fresh=fresh)
    try:
        with kept_cloud(cloud, steps) as target:
            inbox = Inbox(target)
            _train_first(target, steps)
            _show(cloud, target.outputs[names.OUTPUT_PREDICT_URL], example(Endpoint(target)))
            try:
                while True:
                    cloud.raise_if_dead()
                    print_messages(inbox)
            except Interrupted:
                console.print("\nStopping the cloud.")
    finally:
        _show_kept(cloud)


def _train_first(target: Target, steps: Steps) -> None:
    """Train, unless there is a champion."""
    champions = Registry(target).champions()
    if not champions.present:
        run_training(target, Path("model.toml"), steps)
        return
    console.print(
        f"  Version {champions.present.version} is the champion. To train again: evergreen train --local",
        markup=False,
        soft_wrap=True,
    )


def _show_kept(cloud: "EmbeddedCloud") -> None:
    """Say what the next start comes back with, after the end; nothing of a cloud that has not been started."""
    if not cloud.endpoint:
        return
    saved = cloud.last_save()
    if cloud.not_saved:
        moment = f"Kept is that of {saved_at(saved)}." if saved else "Nothing is kept."
        said = f"Its state could not be saved: {cloud.not_saved}. {moment}"
        console.print(said, style="red", markup=False, soft_wrap=True)
    elif saved:
        console.print(
            f"Its state of {saved_at(saved)} is kept in {cloud.home}. It comes back with: make up. To start anew: "
            "make up FRESH=1",
            markup=False,
            soft_wrap=True,
        )


def print_messages(inbox: Inbox) -> None:
    """Print what SNS has sent since the last look, or wait for it a moment.

    A server that cannot be asked is left to the look at whether it still runs.
    """
    from botocore.exceptions import BotoCoreError

    try:
        notifications = inbox.take(seconds=_LOOK_SECONDS)
    except BotoCoreError:
        return
    for notification in notifications:
        console.print(f"\n[bold]Message by SNS[/] at {datetime.now():%H:%M:%S}")
        show_notification(notification)


def shell_function(cloud: "EmbeddedCloud", url: str) -> str:
    """A shell function that sends a signed request to a route of the endpoint: ask <route> [curl's options]."""
    keys = cloud.environment()
    return (
        f"ask() {{ curl -sS --cacert {cloud.ca_file} --aws-sigv4 aws:amz:{REGION}:execute-api "
        f"--user {keys['AWS_ACCESS_KEY_ID']}:{keys['AWS_SECRET_ACCESS_KEY']} -H 'Content-Type: application/json' "
        f'{url.removesuffix("predict")}"$1" "${{@:2}}"; }}'
    )


def example(endpoint: Endpoint) -> str:
    """A request that the champion answers, as curl's option; empty if there is no champion."""
    try:
        features = endpoint.model()["contract"]["features"]
    except RequestRefused:
        return ""
    row = {feature["name"]: feature["example"] for feature in features}
    return f"-d {shlex.quote(json.dumps({'features': row}, ensure_ascii=False))}"


def _show(cloud: "EmbeddedCloud", url: str, example: str) -> None:
    console.print("\n[bold]The cloud is up.[/] Ctrl-C, or make down, stops it and keeps all that is in it.\n")
    console.print(f"  Endpoint   {url}", markup=False, soft_wrap=True)
    console.print(f"  MLflow     {cloud.tracking_uri}", markup=False, soft_wrap=True)
    console.print(
        "  Commands   evergreen train --local, evergreen predict --local, evergreen drift --local\n",
        markup=False,
        soft_wrap=True,
    )
    console.print("In another terminal, this makes `ask` call the endpoint:\n", markup=False)
    console.print(shell_function(cloud, url), markup=False, soft_wrap=True)
    if example:
        console.print(f"\n  ask predict {example}", markup=False, soft_wrap=True)
    console.print("  ask model        ask openapi.json        ask health\n", markup=False)
    console.print("What is sent by mail in an account, of alarms and trainings, is printed here.", markup=False)
