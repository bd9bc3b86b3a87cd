"""The champion: its pointer and bundle in S3, and whether the endpoint serves it."""

import json
import time
from collections.abc import Iterator

from cli.aws.endpoint import Answer
from cli.aws.registry import Registry
from cli.findings import Finding
from cli.smoke.deployed import Deployed, failure, ok, skipped
from cli.smoke.differences import ENCRYPTION, JOBS, ROLES
from evergreen import names
from evergreen.errors import BrokenBundle
from evergreen.versions.bundle import CONTRACT, LINEAGE, MODEL, load_model

# Seconds. An instance looks at the pointer with its first request after a minute; the rest is for a look that failed.
_PATIENCE = 90
_POLL = 2.0
_LOG = "The cause is in the predict function's log; if it never starts, the stack's alarm \"crashed requests\" tells"


def look_at_the_pointer(stack: Deployed) -> Iterator[Finding]:
    """In S3: which version is champion, and whether its bundle is the one that was promoted."""
    champions = Registry(stack.target).champions()
    champion = champions.present
    if champions.is_unreadable:
        yield failure("champion", "the pointer in S3 cannot be read", f"evergreen rollback {stack.options}")
        return
    if champion is None:
        yield failure("champion", "no version has been promoted yet", f"train first: evergreen train {stack.options}")
        return
    stack.champion = champion
    stack.before = next((old.version for old in champions.readable if old.version != champion.version), "")
    s3, bucket = stack.target.client("s3"), stack.target.outputs[names.OUTPUT_MODEL_BUCKET]
    files = {}
    for name in (MODEL, CONTRACT, LINEAGE):
        found = s3.get_object(Bucket=bucket, Key=f"{champion.bundle}{name}")
        files[name] = found["Body"].read()
        encryption = found.get("ServerSideEncryption")
    (stack.seen if encryption else stack.contrary)[ENCRYPTION].append(
        f"S3 says that bundles are encrypted ({encryption})" if encryption else "S3 names no encryption of a bundle"
    )
    stack.lineage = json.loads(files[LINEAGE])
    try:
        stack.model = load_model(files[MODEL], files[CONTRACT], digest=champion.digest)
    except BrokenBundle as error:
        yield failure("champion", f"{champion.version}: {error}", f"evergreen rollback {stack.options}")
        return
    stack.seen[ROLES].append("the workflow has run its jobs and functions: a version is promoted")
    stack.seen[JOBS].append(f"a training job has made {champion.version} on SageMaker")
    yield ok("champion", f"{champion.version}, digest {champion.digest[:12]}, promoted {champion.promoted_at}")


def look_at_the_endpoint(stack: Deployed) -> Iterator[Finding]:
    """Over HTTPS: /health, /model and /openapi.json, each of the champion."""
    started = time.monotonic()
    health = stack.endpoint.ask("GET", "/health")
    stack.answers = True
    took = f"{time.monotonic() - started:.1f} s"
    if health.status == 503 and stack.champion is None:
        yield ok("endpoint", f"it answers, in {took}: {health.words}")
        return
    if health.status != 200:
        yield not_as_documented("endpoint", "/health", health, 200)
        return
    if stack.champion is None:
        yield failure("endpoint", f"it serves {health.body.get('model_version')}, which no pointer in S3 names")
        return
    yield ok("endpoint", f"/health answers 200, in {took}")
    yield from _serves(stack)


def _serves(stack: Deployed) -> Iterator[Finding]:
    champion = stack.champion
    assert champion
    model = _await_champion(stack)
    version, digest = model.body.get("version"), model.body.get("digest")
    if model.status != 200:
        yield not_as_documented("model", "/model", model, 200)
    elif version != champion.version:
        remedy = 'It does not follow the pointer: see its log, and the alarm "champion not looked at"'
        yield failure("model", f"{version} is served {_PATIENCE} s on, and the pointer says {champion.version}", remedy)
    elif digest != champion.digest:
        found = f"/model has the digest {str(digest)[:12]}, and the pointer {champion.digest[:12]}"
        yield failure("model", found, f"evergreen rollback {champion.version} {stack.options}, then the log")
    else:
        stack.serves = True
        yield ok("model", f"/model is {champion.version}, with the digest of the pointer")
    document = stack.endpoint.ask("GET", "/openapi.json")
    described = document.body.get("info", {}).get("version")
    if document.status != 200:
        yield not_as_documented("openapi", "/openapi.json", document, 200)
    elif described != version:
        yield failure("openapi", f"/openapi.json describes {described}, and /model {version}", _LOG)
    else:
        yield ok("openapi", f"/openapi.json describes {described}")


def _await_champion(stack: Deployed) -> Answer:
    """The answer of /model: once it is the champion, or the last one."""
    assert stack.champion
    deadline = time.monotonic() + _PATIENCE
    while True:
        answer = stack.endpoint.ask("GET", "/model")
        served = answer.body.get("version")
        if answer.status != 200 or served == stack.champion.version or time.monotonic() > deadline:
            return answer
        stack.progress(f"{served} is still served; the function looks once a minute")
        time.sleep(_POLL)


def not_as_documented(check: str, what: str, answer: Answer, *expected: int) -> Finding:
    """For an answer of another status than those that the README promises."""
    found = f"{what} was answered {answer.status} instead of {' or '.join(map(str, expected))}: {answer.words}"
    if answer.status >= 500:
        return failure(check, found, _LOG)
    if answer.status == 403:
        return failure(check, found, "your credentials need execute-api:Invoke on the API")
    return failure(check, found)


def needs_the_champion(stack: Deployed, check: str) -> Finding | None:
    """The finding of a look that needs an endpoint that serves the champion; None if it does."""
    if not stack.answers:
        return skipped(check, "the endpoint does not answer")
    if stack.champion is None:
        return skipped(check, "there is no champion yet")
    if not stack.serves or stack.model is None:
        return skipped(check, "the endpoint does not serve the champion")
    return None
