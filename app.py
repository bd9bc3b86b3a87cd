"""Environments -> stacks. The only place that reads the environment's variables at synth."""

import dataclasses
import os
import sys
from pathlib import Path

from aws_cdk import App

from evergreen import names
from evergreen.errors import EvergreenError
from evergreen.settings import read_settings
from infra.environments import ENVIRONMENTS
from infra.packaging import PYTHON_VERSION, PackagingError, compiles_for_lambda
from infra.stacks import EvergreenStack
from infra.training_image import training_image


def main() -> None:
    app = App()
    settings = read_settings(Path("model.toml"))
    # cdk deploy evergreen-prod -c region=eu-west-1
    region = app.node.try_get_context("region")
    this_machine = os.environ.get("EVERGREEN_FUNCTIONS_FOR") == "this-machine"
    for environment in ENVIRONMENTS:
        chosen = dataclasses.replace(environment, region=region or environment.region)
        EvergreenStack(
            app,
            environment=chosen,
            model_name=settings.name,
            image=training_image(chosen.region, chosen.job_instance),
            rejected_share=settings.alarms.rejected_share,
            latency_p99_ms=settings.alarms.latency_p99_ms,
            log_sample=settings.log.sample,
            log_leave_out=settings.log.leave_out,
            tracking_url=os.environ.get(names.TRACKING_URI),
            alarm_email=os.environ.get("EVERGREEN_ALARM_EMAIL"),
            for_this_machine=this_machine,
        )
    app.synth()
    if not this_machine and not compiles_for_lambda():
        print(
            f"evergreen: this is not Python {PYTHON_VERSION}: functions go without bytecode and start more slowly",
            file=sys.stderr,
        )


if __name__ == "__main__":
    try:
        main()
    except (EvergreenError, PackagingError) as error:
        sys.exit(f"evergreen: {error}")
