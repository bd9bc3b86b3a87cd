"""What a task of an orchestrator asks of a deployed stack. It needs boto3, and nothing else of Evergreen.

Kubeflow's components carry the source of each of these functions, one by one: imports stand inside of them, nothing
stands at the top, and what goes wrong is a RuntimeError that says what to do.
"""

from typing import Any


def ask(
    service: str,
    operation: str,
    *,
    region: str = "",
    expected: tuple[str, ...] = (),
    seconds: int = 60,
    **arguments: Any,
) -> Any:
    """The answer of AWS; None if it is one of the `expected` errors.

    Args:
        region: without it, the one that AWS_REGION or boto3's own configuration names.
        seconds: that an answer may take. One that may take longer than a minute is not asked for twice.

    Raises:
        RuntimeError: AWS refuses, or does not answer.
    """
    import os

    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    attempts = 5 if seconds <= 60 else 1
    config = Config(
        read_timeout=seconds, tcp_keepalive=True, retries={"mode": "standard", "total_max_attempts": attempts}
    )
    try:
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        return getattr(session.client(service, config=config), operation)(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in expected:
            return None
        if "AccessDenied" in code or code == "403":
            raise RuntimeError(
                f"AWS denies {service} {error.operation_name}: attach the managed policy that the stack's output "
                f"UserPolicy names to the role that this task runs with. AWS says: {error}"
            ) from error
        raise RuntimeError(f"AWS: {error}") from error
    except NoCredentialsError as error:
        raise RuntimeError(
            "no AWS credentials: give this task's pod or worker a role, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        ) from error
    except NoRegionError as error:
        raise RuntimeError("no AWS region: set AWS_REGION, or the parameter `region`") from error
    except BotoCoreError as error:
        raise RuntimeError(f"AWS does not answer: {error}") from error


def find_stack(environment: str, *, region: str = "") -> dict[str, str]:
    """The stack's outputs by name.

    Raises:
        RuntimeError: it is not deployed, or may not be looked at.
    """
    name = f"evergreen-{environment}"
    found = ask("cloudformation", "describe_stacks", region=region, expected=("ValidationError",), StackName=name)
    if not found:
        raise RuntimeError(
            f"there is no stack {name} in {region or 'this region'}: deploy it with cdk deploy {name}, or set the "
            "parameters `environment` and `region`"
        )
    return {output["OutputKey"]: output["OutputValue"] for output in found["Stacks"][0].get("Outputs", [])}


def objects(bucket: str, prefix: str, *, region: str = "") -> list[tuple[str, str]]:
    """When each object under a prefix was last written (ISO 8601, UTC), and its key; the newest comes last."""
    found: list[tuple[str, str]] = []
    more: dict[str, str] = {}
    while True:
        page = ask("s3", "list_objects_v2", region=region, Bucket=bucket, Prefix=prefix, **more)
        found += [(item["LastModified"].isoformat(), item["Key"]) for item in page.get("Contents", [])]
        if not page.get("IsTruncated"):
            return sorted(found)
        more = {"ContinuationToken": page["NextContinuationToken"]}


def newest_data(stack: dict[str, str], *, since: str = "", region: str = "") -> str:
    """The version of the data that came last; empty if none has come.

    Args:
        since: an ISO 8601 moment with its offset: only what came after it.
    """
    from datetime import datetime

    found = [item for item in objects(stack["DataBucket"], "data/", region=region) if item[1].endswith(".manifest")]
    if not found:
        return ""
    moment, key = found[-1]
    if since and datetime.fromisoformat(moment) <= datetime.fromisoformat(since.replace("Z", "+00:00")):
        return ""
    return key.removeprefix("data/").removesuffix(".manifest")


def champion_lineage(stack: dict[str, str], *, region: str = "") -> dict[str, Any]:
    """What the serving version was made from; nothing before the first champion."""
    import json

    bucket, pointer = stack["ModelBucket"], f"champions/{stack['ModelName']}.json"
    # Of an object that is not there, S3 answers 403 to those who may not list the bucket; its versions they may list.
    listed = ask("s3", "list_object_versions", region=region, Bucket=bucket, Prefix=pointer).get("Versions", [])
    if not any(item["Key"] == pointer and item["IsLatest"] for item in listed):
        return {}
    champion = json.loads(ask("s3", "get_object", region=region, Bucket=bucket, Key=pointer)["Body"].read())
    key = f"{champion['bundle']}lineage.json"
    return dict(json.loads(ask("s3", "get_object", region=region, Bucket=bucket, Key=key)["Body"].read()))


def training_input(stack: dict[str, str], *, data: str = "", settings: str = "", region: str = "") -> dict[str, str]:
    """The input of the training workflow, of what is in the data bucket already.

    Args:
        data: a version that the data bucket has, or its first characters; without it, the one that came last.
        settings: the SHA-256 of a model.toml that the data bucket has; without it, that of the champion.

    Raises:
        RuntimeError: there is no such version, or no such model.toml.
    """
    bucket = stack["DataBucket"]
    if data:
        keys = [key for _, key in objects(bucket, f"data/{data}", region=region) if key.endswith(".manifest")]
        if len(keys) != 1:
            raise RuntimeError(
                f"{len(keys)} versions of the data in {bucket} begin with {data}: evergreen data list names them, "
                "evergreen data push brings one"
            )
        version = keys[0].removeprefix("data/").removesuffix(".manifest")
    elif not (version := newest_data(stack, region=region)):
        raise RuntimeError(f"{bucket} has no version of the data yet: bring one with evergreen data push")
    lineage = champion_lineage(stack, region=region)
    settings = settings or lineage.get("settings_sha256", "")
    if not settings:
        raise RuntimeError("there is no champion whose settings could be used: run evergreen train once before")
    key = f"settings/{settings}/model.toml"
    if not objects(bucket, key, region=region):
        raise RuntimeError(f"{bucket} has no {key}: evergreen train uploads a model.toml by its SHA-256")
    # The workflow runs the deployed code. Its commit is known if the champion was trained with the same.
    is_same_code = bool(lineage) and lineage.get("source_sha256") == stack.get("SourceDigest")
    return {
        "data": f"s3://{bucket}/data/{version}.manifest",
        "settings": f"s3://{bucket}/{key}",
        "git_commit": lineage["git_commit"] if is_same_code else "unknown",
    }


def execution_name(*parts: str) -> str:
    """A name for an execution of a workflow, the same for the same parts. Of the 80 characters that AWS allows, it
    leaves some for the number of an attempt.

    Args:
        parts: what tells this task of this run from all others; the first can be read in the name.
    """
    import hashlib
    import re

    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return f"{re.sub('[^A-Za-z0-9-]+', '-', parts[0])[:50]}-{digest}"


def start_training(
    stack: dict[str, str], name: str, *, data: str = "", settings: str = "", region: str = ""
) -> tuple[str, bool]:
    """The ARN of the execution of this name, and whether it was started just now.

    One that runs, or has succeeded, is found again: a task that was killed and is tried again starts no second one.
    After one that has failed or was stopped, the next attempt has a number behind its name.

    Raises:
        RuntimeError: what training_input and ask raise.
    """
    import json

    machine = stack["TrainingWorkflow"]
    attempt = 1
    while True:
        numbered = name if attempt == 1 else f"{name}-{attempt}"
        execution = f"{machine.replace(':stateMachine:', ':execution:')}:{numbered}"
        found = ask(
            "stepfunctions",
            "describe_execution",
            region=region,
            expected=("ExecutionDoesNotExist",),
            executionArn=execution,
        )
        if found and found["status"] in ("RUNNING", "SUCCEEDED"):
            return execution, False
        if not found:
            started = ask(
                "stepfunctions",
                "start_execution",
                region=region,
                # Another process of the same task was faster.
                expected=("ExecutionAlreadyExists",),
                stateMachineArn=machine,
                name=numbered,
                input=json.dumps(training_input(stack, data=data, settings=settings, region=region)),
            )
            return execution, started is not None
        attempt += 1


def decision_of(execution: str, *, region: str = "") -> dict[str, Any] | None:
    """Judge's decision; None while the execution runs.

    Raises:
        RuntimeError: it has failed, was stopped or timed out; the message has the workflow's own words.
    """
    import json

    # What has just been started may not be seen at once.
    found = ask(
        "stepfunctions",
        "describe_execution",
        region=region,
        expected=("ExecutionDoesNotExist",),
        executionArn=execution,
    )
    if not found or found["status"] == "RUNNING":
        return None
    if found["status"] != "SUCCEEDED":
        how = {"ABORTED": "was stopped", "TIMED_OUT": "timed out"}.get(found["status"], "failed")
        cause = found.get("cause") or found.get("error") or "no cause was given"
        raise RuntimeError(f"the training {how}: {cause} (execution {execution})")
    return dict(json.loads(found["output"]))


def wait_for_decision(execution: str, *, timeout_seconds: int, region: str = "") -> dict[str, Any]:
    """Judge's decision, once the execution has ended.

    Raises:
        RuntimeError: it did not succeed, or runs after `timeout_seconds` still.
    """
    import time

    deadline, pause = time.monotonic() + timeout_seconds, 1.0
    while (decision := decision_of(execution, region=region)) is None:
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"the training still runs after {timeout_seconds} s. A retry of this task waits for the same one; to "
                f"stop it: aws stepfunctions stop-execution --execution-arn {execution}"
            )
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
        # Accounts may ask only so often, and a training takes minutes.
        pause = min(pause * 1.25, 15.0)
    return decision


def stop_training(execution: str, *, cause: str, region: str = "") -> None:
    """Stop an execution, with its jobs. One that has ended stays as it is."""
    ask("stepfunctions", "stop_execution", region=region, executionArn=execution, error="Stopped", cause=cause)


def invoke(function: str, event: dict[str, Any], *, region: str = "") -> dict[str, Any]:
    """The answer of a function of the stack; one may take up to 15 minutes.

    Raises:
        RuntimeError: it failed; the message is its own.
    """
    import json

    payload = json.dumps(event).encode()
    answer = ask("lambda", "invoke", region=region, seconds=900, FunctionName=function, Payload=payload)
    result = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise RuntimeError(f"{function} failed: {result.get('errorMessage', result)}")
    return dict(result)


def run_check(stack: dict[str, str], *, hours: float, region: str = "") -> dict[str, Any]:
    """The result of a drift check of the last hours, as the check function returns it.

    Raises:
        RuntimeError: the check failed.
    """
    from datetime import UTC, datetime, timedelta

    end = datetime.now(UTC)
    window = {"start": (end - timedelta(hours=hours)).isoformat(), "end": end.isoformat(), "renew": False}
    return invoke(stack["CheckDriftFunction"], window, region=region)
