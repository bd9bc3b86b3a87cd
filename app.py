"""Environments -> stacks. The only place that reads the environment's variables at synth."""

import dataclasses
import os
import sys
from pathlib import Path

from aws_cdk import App

from evergreen import names
from evergreen.errors import EvergreenError
from evergreen.feature_store.described import DEFINITIONS, read_description
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import FeatureStoreSettings, ModelSettings
from evergreen.versions.source import source_digest
from infra.deployment import Deployment, FeatureStoreParameters, StackSettings
from infra.environments import ENVIRONMENTS, Environment
from infra.packages.build import PYTHON_VERSION, PackagingError, compiles_for_lambda
from infra.packages.training_image import training_image
from infra.pipeline.repository import UnusableRepository
from infra.pipeline.stack import PipelineStack
from infra.stacks import EvergreenStack
from infra.tracking import UnusableTracking

_CHECKOUT = Path(__file__).resolve().parent


def main() -> None:
    app = App()
    # cdk deploy evergreen-dev -c settings=other/model.toml
    settings = read_settings(Path(app.node.try_get_context("settings") or "model.toml"))
    # cdk deploy evergreen-prod -c region=eu-west-1
    region = app.node.try_get_context("region")
    digest = source_digest(_CHECKOUT)
    this_machine = os.environ.get("EVERGREEN_FUNCTIONS_FOR") == "this-machine"
    # cdk deploy evergreen-dev -c environment=dev makes no other template, which takes half of the time.
    environments = [
        dataclasses.replace(environment, region=region or environment.region)
        for environment in _chosen(app.node.try_get_context("environment"))
    ]
    for chosen in environments:
        deployment = Deployment(
            environment=chosen,
            settings=of_the_stack(settings),
            source_digest=digest,
            image=training_image(chosen.region, chosen.job_instance),
            tracking_url=os.environ.get(names.TRACKING_URI),
            tracking_secret=os.environ.get(names.TRACKING_SECRET),
            # A variable of a pipeline that nobody has set is empty there.
            alarm_email=os.environ.get("EVERGREEN_ALARM_EMAIL") or None,
            # cdk deploy evergreen-dev -c user-role=evergreen-pipeline-dev
            user_role=app.node.try_get_context("user-role"),
            for_this_machine=this_machine,
        )
        EvergreenStack(app, deployment)
    # cdk deploy evergreen-pipeline -c pipeline=OWNER/REPO
    if repository := app.node.try_get_context("pipeline"):
        existing = app.node.try_get_context("oidc-provider") == "existing"
        PipelineStack(app, environments, repository=repository, existing_provider=existing)
    app.synth()
    if not this_machine and not compiles_for_lambda():
        print(
            f"evergreen: this is not Python {PYTHON_VERSION}: functions go without bytecode and start more slowly",
            file=sys.stderr,
        )


def _chosen(name: str | None) -> list[Environment]:
    """The environment of that name; all of them without one."""
    chosen = [environment for environment in ENVIRONMENTS if name in (None, environment.name)]
    if not chosen:
        known = ", ".join(environment.name for environment in ENVIRONMENTS)
        sys.exit(f"evergreen: -c environment={name}: infra/environments.py has no such environment (it has: {known})")
    return chosen


def of_the_stack(settings: ModelSettings) -> StackSettings:
    """What of model.toml is part of the stack.

    Raises:
        InvalidFeatures: model.toml asks for a feature service that is not described there.
    """
    return StackSettings(
        model_name=settings.name,
        metric=settings.metric,
        rejected_share=settings.alarms.rejected_share,
        latency_p99_ms=settings.alarms.latency_p99_ms,
        minimum_requests=settings.alarms.minimum_requests,
        log_sample=settings.log.sample,
        log_leave_out=tuple(settings.log.leave_out),
        log_caller=settings.log.caller,
        drift_share=settings.drift.share,
        drift_importance=settings.drift.importance,
        every_hours=settings.drift.every_hours,
        window_hours=settings.drift.window_hours,
        message_format=settings.notifications.format,
        renewal=dataclasses.asdict(settings.renewal) if settings.renewal.enabled else None,
        features=_feature_store(settings.features) if settings.features.service else None,
        wandb_secret=settings.tracking.wandb_secret if settings.tracking.wandb else None,
        # Each once, in one order: another order is no change.
        protocols=tuple(sorted(set(settings.endpoint.protocols))),
    )


def _feature_store(features: FeatureStoreSettings) -> FeatureStoreParameters:
    service = read_description(_CHECKOUT / DEFINITIONS, features.service)
    return FeatureStoreParameters(
        views=tuple(view.name for view in service.views),
        ttl_seconds={view.name: view.ttl_seconds for view in service.views if view.ttl_seconds},
        key_version=service.key_version,
        missing=features.missing,
        every_hours=features.every_hours,
    )


if __name__ == "__main__":
    try:
        main()
    except (EvergreenError, PackagingError, UnusableRepository, UnusableTracking) as error:
        sys.exit(f"evergreen: {error}")
