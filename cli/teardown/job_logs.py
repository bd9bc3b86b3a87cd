"""The log streams of an environment's jobs, in the two groups that all jobs of the account share."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from cli.teardown.running import KINDS, job_pattern
from evergreen import names


def streams(logs: Any, environment: str) -> list[tuple[str, str]]:
    """Group and name of each stream."""
    pattern, found = job_pattern(environment), []
    for noun in KINDS.values():
        group = f"/aws/sagemaker/{noun}s"
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group, logStreamNamePrefix=f"{names.stack_name(environment)}-"
        )
        try:
            listed = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except ClientError as error:
            # No job has ever run in this region.
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            continue
        found += [(group, stream) for stream in listed if pattern.fullmatch(stream.partition("/")[0])]
    return found


def delete(logs: Any, environment: str, progress: Callable[[str], None]) -> int:
    """Delete them; returns how many."""
    found = streams(logs, environment)
    for number, (group, stream) in enumerate(found, start=1):
        try:
            logs.delete_log_stream(logGroupName=group, logStreamName=stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        progress(f"{number} of {len(found)}")
    return len(found)
