"""Buckets that have outlived their stack: found by their tags, and taken up again by the next stack.

kept = kept_buckets(session, "dev")
write_mapping(newest(kept), MAPPINGS / "evergreen-dev.json")    # for: cdk import evergreen-dev --resource-mapping
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.aws.target import CHECKOUT, client_of
from evergreen import names
from infra.environments import ENVIRONMENTS

if TYPE_CHECKING:
    import boto3

MAPPINGS = CHECKOUT / ".evergreen" / "kept"
_CLOUDFORMATIONS_ID = "aws:cloudformation:logical-id"


@dataclass(frozen=True, kw_only=True)
class StackBucket:
    """A bucket that a stack of the environment has made.

    Attributes:
        logical_id: what it is called in the template.
        in_use: whether it belongs to a stack that is there now.
    """

    name: str
    logical_id: str
    region: str
    created: datetime
    in_use: bool


def kept_buckets(session: "boto3.Session", environment: str) -> list[StackBucket]:
    """The buckets of an environment that no stack has now, in any region, the newest first."""
    return [bucket for bucket in stack_buckets(session, environment) if not bucket.in_use]


def stack_buckets(session: "boto3.Session", environment: str) -> list[StackBucket]:
    """All buckets that stacks of an environment have made, in any region, the newest first."""
    stack, s3 = names.stack_name(environment), client_of(session, "s3")
    found: list[StackBucket] = []
    owned: dict[str, set[str]] = {}
    # CloudFormation makes the names of the stack's and an id's, in small letters.
    for page in s3.get_paginator("list_buckets").paginate(Prefix=f"{stack}-".lower()):
        for bucket in page["Buckets"]:
            name = bucket["Name"]
            tags = _tags(s3, name)
            logical_id = tags.get(names.TAG_LOGICAL_ID) or tags.get(_CLOUDFORMATIONS_ID)
            if tags.get(names.TAG_ENVIRONMENT) != environment or not logical_id:
                continue
            region = bucket.get("BucketRegion") or _region(s3, name)
            if region not in owned:
                owned[region] = _resources(client_of(session, "cloudformation", region=region), stack)
            found.append(
                StackBucket(
                    name=name,
                    logical_id=logical_id,
                    region=region,
                    created=bucket["CreationDate"],
                    in_use=name in owned[region],
                )
            )
    return sorted(found, key=lambda bucket: bucket.created, reverse=True)


def newest(buckets: Sequence[StackBucket]) -> list[StackBucket]:
    """Of buckets with the same id in the template, which more than one stack has left, the newest."""
    chosen: dict[str, StackBucket] = {}
    for bucket in sorted(buckets, key=lambda bucket: bucket.created, reverse=True):
        chosen.setdefault(bucket.logical_id, bucket)
    return list(chosen.values())


def mapping_file(environment: str) -> Path:
    return MAPPINGS / f"{names.stack_name(environment)}.json"


def write_mapping(buckets: Sequence[StackBucket], file: Path) -> None:
    """Write what `cdk import --resource-mapping` reads: the identifier of each resource that is taken up."""
    file.parent.mkdir(parents=True, exist_ok=True)
    mapping = {bucket.logical_id: {"BucketName": bucket.name} for bucket in buckets}
    file.write_text(json.dumps(mapping, indent=2) + "\n")


def taking_up(environment: str, region: str, file: Path) -> tuple[str, str]:
    """The two commands that make a stack with the buckets of a mapping file."""
    stack = names.stack_name(environment)
    own = [known.region for known in ENVIRONMENTS if known.name == environment]
    elsewhere = "" if region in own else f" -c region={region}"
    shown = file.relative_to(CHECKOUT) if file.is_relative_to(CHECKOUT) else file
    return f"cdk import {stack}{elsewhere} --resource-mapping {shown}", f"cdk deploy {stack}{elsewhere}"


def _tags(s3: Any, bucket: str) -> dict[str, str]:
    try:
        answer = s3.get_bucket_tagging(Bucket=bucket)
    except ClientError as error:
        # It may have been deleted since it was listed.
        if error.response["Error"]["Code"] not in ("NoSuchTagSet", "NoSuchBucket"):
            raise
        return {}
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def _region(s3: Any, bucket: str) -> str:
    return s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"


def _resources(cloudformation: Any, stack: str) -> set[str]:
    """The physical ids of a stack's resources; none if there is no such stack."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    try:
        return {item.get("PhysicalResourceId", "") for page in pages for item in page["StackResourceSummaries"]}
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return set()
