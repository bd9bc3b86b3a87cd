"""The function of the check in a stack: its buckets, its environment, and what it prints."""

import json
import sys

from evergreen import names
from tests.integration.functions.check_drift.checking import (
    BUCKET,
    CONTEXT,
    END,
    NAME,
    START,
    bundle_files,
    champion,
    houses,
    rows_of,
)

LATEST = "checks/houses/latest.json"
EVENT = {"start": START.isoformat(), "end": END.isoformat()}
DRIFTED = rows_of([{**item, "area": 1000.0} for item in houses(400, seed=1)])


class Stack:
    """The buckets of a stack, its function, and what that printed."""

    def __init__(self, client, module, capsys) -> None:
        self.client = client
        self.module = module
        self._capsys = capsys
        self.metrics: list[dict] = []

    def promote(self, **bundle) -> None:
        pointed = champion()
        for name, content in bundle_files(**bundle).items():
            self.client.put_object(Bucket=BUCKET, Key=f"{pointed.bundle}{name}", Body=content)
        self.client.put_object(Bucket=BUCKET, Key=names.champion_key(NAME), Body=pointed.to_json())

    def check(self, event: dict | None = None) -> dict:
        self._capsys.readouterr()
        # Powertools keeps the stream of the first test, which pytest has closed since.
        self.module.logger.registered_handler.stream = sys.stdout
        answer = self.module.handler(EVENT if event is None else event, CONTEXT)
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        self.metrics = [line for line in lines if "_aws" in line]
        # As Lambda hands it on.
        return json.loads(json.dumps(answer))

    def values(self) -> dict[str, float]:
        """Of the metrics without a dimension of their own."""
        return {
            metric["Name"]: line[metric["Name"]][0] if isinstance(line[metric["Name"]], list) else line[metric["Name"]]
            for line in self.metrics
            if "feature" not in line
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }

    def by_feature(self) -> dict[str, float]:
        found = {}
        for line in self.metrics:
            if "feature" in line:
                (value,) = line[names.FEATURE_DRIFT]
                found[line["feature"]] = value
        return found

    def stored(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def written(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=names.CHECKS_PREFIX).get("Contents", [])
        return [item["Key"] for item in found]


def spied_on(stack, monkeypatch, *, before_put):
    """Has something done before each object that the function writes."""

    class Spy:
        def __getattr__(self, name):
            return getattr(stack.client, name)

        def put_object(self, **arguments):
            before_put(arguments["Key"])
            return stack.client.put_object(**arguments)

    monkeypatch.setattr(stack.module, "_s3", Spy)
