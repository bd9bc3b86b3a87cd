"""The packages of a stack in the CDK's bucket: `cdk destroy` leaves them there, and `cdk deploy` uploads them anew."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

# Named by the hash of their content.
_KEY = re.compile(r"[0-9a-f]{64}(?:\.[a-z]+)+")
_BUCKET = re.compile(r"cdk-[a-z0-9]+-assets-[^\"/ ]+")


@dataclass(frozen=True)
class Assets:
    """
    Attributes:
        bucket: the CDK's; empty if the template names none.
        shared: keys that templates of other stacks name too: they stay.
    """

    bucket: str
    keys: frozenset[str]
    shared: frozenset[str]

    @property
    def own(self) -> list[str]:
        return sorted(self.keys - self.shared)


def assets_of(cloudformation: Any, ids: Sequence[str], others: Iterable[str]) -> Assets:
    """The packages that the templates of some stacks name.

    Args:
        ids: of stacks, deleted ones included.
        others: the names of stacks whose packages stay.
    """
    texts = [_template(cloudformation, stack) for stack in ids]
    keys = frozenset(key for text in texts for key in _KEY.findall(text))
    buckets = [bucket for text in texts for bucket in _BUCKET.findall(text)]
    if not keys or not buckets:
        return Assets("", frozenset(), frozenset())
    shared: set[str] = set()
    for other in others:
        named = _template(cloudformation, other)
        shared.update(key for key in keys if key in named)
    return Assets(_resolved(buckets[0], ids[0]), keys, frozenset(shared))


def present(s3: Any, assets: Assets) -> list[str]:
    """Those of its own packages that the bucket still holds, in any version."""
    if not assets.bucket:
        return []
    try:
        return [
            key
            for key in assets.own
            if any(s3.list_object_versions(Bucket=assets.bucket, Prefix=key).get(kind) for kind in _KINDS)
        ]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        return []


def delete(s3: Any, assets: Assets) -> int:
    """Delete the packages that no other stack names, in all versions; returns how many.

    One that another deployment is about to use is uploaded again by that deployment's next run.
    """
    found = present(s3, assets)
    for key in found:
        page = s3.list_object_versions(Bucket=assets.bucket, Prefix=key)
        versions = [item for kind in _KINDS for item in page.get(kind, [])]
        for item in versions:
            s3.delete_object(Bucket=assets.bucket, Key=key, VersionId=item["VersionId"])
    return len(found)


_KINDS = ("Versions", "DeleteMarkers")


def _template(cloudformation: Any, stack: str) -> str:
    try:
        body = cloudformation.get_template(StackName=stack)["TemplateBody"]
    except ClientError as error:
        # It was deleted since it was listed, or has none yet.
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return ""
    return body if isinstance(body, str) else json.dumps(body)


def _resolved(bucket: str, stack: str) -> str:
    """The CDK names its bucket by account and region, which a stack's id holds."""
    _, _, _, region, account, _ = stack.split(":", 5)
    return bucket.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
