"""Whether MLflow calls the same version champion."""

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cli.findings import Finding
from cli.smoke.deployed import Deployed, failure, ok, skipped, warning
from evergreen import names
from evergreen.errors import TrackingFailed
from evergreen.tracking_login import log_in

if TYPE_CHECKING:
    from evergreen.tracking import AliasedVersion

# Seconds in all: an App that nobody used sleeps, and needs some to wake.
_PATIENCE = 180
_POLL = 5.0
# Each try ends soon, so that the progress is seen.
_EACH_TRY = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
_CHECK = "MLflow"


def look_at_mlflow(stack: Deployed) -> Iterator[Finding]:
    """The alias `champion`: the version and digest of the pointer."""
    if stack.champion is None:
        yield skipped(_CHECK, "there is no champion yet")
        return
    os.environ[names.TRACKING_URI] = stack.target.outputs[names.OUTPUT_TRACKING_URI]
    os.environ.update(_EACH_TRY)
    log_in(stack.target.client)
    try:
        marked = _await_answer(stack)
    except TrackingFailed as error:
        yield _without_answer(stack, error)
        return
    champion, registered = stack.champion, stack.lineage.get("mlflow_model_version")
    completes = f"evergreen rollback {champion.version} {stack.options}, which moves the alias to it"
    if marked is None:
        yield failure(_CHECK, "no version has the alias champion", completes)
    elif marked.version != champion.version or marked.model_version != registered:
        found = f"its champion is {marked.version} (version {marked.model_version}), the pointer's {champion.version}"
        yield failure(_CHECK, found, completes)
    elif marked.digest and marked.digest != champion.digest:
        found = f"Judge wrote the digest {marked.digest[:12]} there, and the pointer has {champion.digest[:12]}"
        yield failure(_CHECK, found, "the bundle is not the one that was judged: evergreen train")
    else:
        digest = "with the same digest" if marked.digest else "judged by an earlier release, which wrote no digest"
        yield ok(_CHECK, f"the alias champion is at version {marked.model_version}: {marked.version}, {digest}")


def _await_answer(stack: Deployed) -> "AliasedVersion | None":
    # Not at the top: MLflow takes seconds to import, and the rest is said before that.
    from evergreen import tracking

    model = stack.target.outputs[names.OUTPUT_MODEL_NAME]
    started = time.monotonic()
    while True:
        try:
            return tracking.champion(model)
        except TrackingFailed as error:
            waited = time.monotonic() - started
            if error.refused or waited > _PATIENCE:
                raise
            stack.progress(f"MLflow does not answer yet: {waited:.0f} s of {_PATIENCE} s")
            time.sleep(_POLL)


def _without_answer(stack: Deployed, error: TrackingFailed) -> Finding:
    words = " ".join(str(error).split())[:300]
    if stack.target.outputs[names.OUTPUT_TRACKING_URI].startswith("arn:"):
        remedy = f"attach the policy {stack.stack}-user" if error.refused else "look at the App in SageMaker's console"
        return failure(_CHECK, f"the App {'refuses' if error.refused else 'does not answer'}: {words}", remedy)
    if error.refused:
        remedy = "give it in MLFLOW_TRACKING_TOKEN, or name its secret in EVERGREEN_MLFLOW_SECRET"
        return warning(_CHECK, f"your server wants a login: {words}", remedy)
    return failure(_CHECK, f"your server does not answer: {words}", "without it no training can promote anything")
