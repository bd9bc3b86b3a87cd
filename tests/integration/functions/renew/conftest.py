"""The buckets that a renewal reads and writes, in moto."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from evergreen import names
from evergreen.renewal.ledger import Ledger
from evergreen.settings.sections import RenewalSettings
from evergreen.versions.champion import Champion
from functions.renew import handler as renew
from tests.bundles import constant_bundle

MODELS, DATA, CAPTURES, NAME = "models", "data", "captures", "houses"
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="r")


@dataclass
class Stack:
    """What surrounds the function."""

    s3: Any

    def put(self, bucket: str, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=content)

    def get(self, bucket: str, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def promote(self, version: str, *, at: str = "2026-01-01T00:00:00+00:00") -> None:
        """Make a model of this version champion."""
        prefix = f"models/{NAME}/{version}/output/model/"
        for name, content in constant_bundle(8.0).items():
            self.put(MODELS, f"{prefix}{name}", content)
        champion = Champion(version=version, bundle=prefix, digest="d", promoted_at=at)
        self.put(MODELS, names.champion_key(NAME), champion.to_json())

    def capture(self, *prefixes: str) -> None:
        for prefix in prefixes:
            self.put(CAPTURES, f"{prefix}2026/11/30/one.jsonl.gz", b"")

    def ledger(self) -> Ledger:
        return Ledger.from_json(self.s3.get_object(Bucket=MODELS, Key=names.ledger_key(NAME))["Body"].read())

    def keep(self, ledger: Ledger) -> None:
        self.put(MODELS, names.ledger_key(NAME), ledger.to_json())

    def begin(self, execution: str = "arn:1", *, by_hand: bool = False, reason: str = "drift") -> dict[str, Any]:
        event = {"action": "begin", "execution": execution, "version": "v", "reason": reason, "by_hand": by_hand}
        return renew.handler(event, CONTEXT)

    def begin_on(self, data: str, execution: str = "arn:1", *, brought: str = "") -> dict[str, Any]:
        """On a version of the data that somebody has brought, by default after all that is here."""
        brought = brought or (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        event = {"action": "begin", "execution": execution, "version": "v", "by_hand": False}
        return renew.handler({**event, "reason": f"new data: {data}", "new_data": data, "brought": brought}, CONTEXT)

    def plan(self, **found: Any) -> dict[str, Any]:
        """What comes of a first job that has found this."""
        plan = {"data": "e" * 32, "rows": 40, "until": "id", "windows": {}, "refused": "", "notes": [], **found}
        self.put(DATA, f"prepared/{NAME}/v/{names.PLAN}", json.dumps(plan).encode())
        event = {"action": "plan", "execution": "arn:1", "prepared": f"s3://{DATA}/prepared/{NAME}/v"}
        return renew.handler(event, CONTEXT)

    def end(self, execution: str = "arn:1", **known: Any) -> dict[str, Any]:
        event = {"seconds": 0, "forgets": 0, "plan": {}, "decision": {"promote": False}, "failure": "", **known}
        return renew.handler({"action": "end", "execution": execution, **event}, CONTEXT)


@pytest.fixture
def settings() -> RenewalSettings:
    return RenewalSettings(enabled=True)


@pytest.fixture
def stack(model_bucket, settings):
    variables = {
        names.DATA_BUCKET: DATA,
        names.CAPTURE_BUCKET: CAPTURES,
        names.SOURCE_DIGEST: "0" * 64,
        names.RENEWAL: json.dumps(asdict(settings)),
        names.RENEWAL_SECONDS: "7200",
        names.DOLLARS_PER_HOUR: "0.5",
    }
    with model_bucket(MODELS, NAME, variables) as s3:
        renew._s3.cache_clear()
        for bucket in (DATA, CAPTURES):
            s3.create_bucket(Bucket=bucket)
        yield Stack(s3)
    renew._s3.cache_clear()


@pytest.fixture
def ready(stack):
    """With a champion, predictions and labels."""
    stack.promote("20260101")
    stack.capture(names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX)
    return stack


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
