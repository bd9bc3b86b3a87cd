"""The trainings of a renewal, from what its first job has found."""

import json
import uuid
from datetime import datetime
from typing import Any

from evergreen import names
from evergreen.versions.data_version import manifest_key


def plan(event: dict[str, Any], s3: Any, *, now: datetime) -> dict[str, Any]:
    """
    Args:
        event: `prepared`, the s3:// URI of the first job's output.

    Returns:
        `rows`, `until`, `data` and `refused` as the job found them, the `manifest` of the data, and the `candidates`:
        each with its `window`, a `version` of its own, and the URI of what it is fitted to (`prepared`).
    """
    bucket, _, prefix = event["prepared"].removeprefix("s3://").partition("/")
    found = json.loads(s3.get_object(Bucket=bucket, Key=f"{prefix}/{names.PLAN}")["Body"].read())
    # They are told apart by the first of the four characters that come after the time.
    versions = [f"{now:%Y%m%d-%H%M%S}-{place:x}{uuid.uuid4().hex[:3]}" for place in range(len(found["windows"]))]
    return {
        **{name: found[name] for name in ("rows", "until", "data", "refused")},
        "manifest": f"s3://{bucket}/{manifest_key(found['data'])}",
        "candidates": [
            {"window": window, "version": version, "prepared": f"{event['prepared']}/{window}"}
            for window, version in zip(found["windows"], versions, strict=True)
        ],
    }
