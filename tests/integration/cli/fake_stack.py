"""A deployed stack in this process: the real predict function, S3 in moto, and what Firehose does with its records."""

import gzip
import json
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace

import boto3
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from cli.aws.endpoint import Answer
from cli.findings import Status
from cli.smoke import run as module
from evergreen import names
from evergreen.errors import NoChampion
from evergreen.versions.bundle import CONTRACT, MODEL, load_model, model_digest
from evergreen.versions.champion import Champion
from functions.predict import handler
from functions.predict.models import Served
from functions.predict.records import LogPolicy
from tests.bundles import constant_bundle, signed

MODEL_NAME = "houses"
VERSION, BEFORE = "20261124-120000-aaaa", "20261123-120000-bbbb"
BUNDLE = f"models/{MODEL_NAME}/{VERSION}/output/model/"
CALLER = {"iam": {"userArn": "arn:aws:iam::111122223333:user/someone"}}
# What the first of two features is called, and its example.
FEATURE, EXAMPLE = "rooms", 3.0


def files(prediction=180_000.0):
    """A bundle whose contract has an example."""
    bundle = constant_bundle(prediction, feature=FEATURE, mlflow_version="1")
    contract = json.loads(bundle[CONTRACT])
    contract["features"][0]["example"] = EXAMPLE
    return signed({**bundle, CONTRACT: json.dumps(contract).encode()})


class FakeStack:
    """
    Attributes:
        is_reachable: whether requests arrive at the endpoint.
        is_broken: whether its function fails.
        loses: of so many requests to predict, the answer of the last is lost on its way, once.
        delivers: whether Firehose delivers.
        changes: what the log makes of a row's features on their way.
        log: what `[log]` says.
        serves: the prediction of the served model.
        asked: the requests: method, path, length.
    """

    def __init__(self, monkeypatch, *, tracking_uri):
        self.is_reachable, self.is_broken, self.delivers = True, False, True
        self.loses = 0
        self.changes = dict
        self.log = {"sample": 1.0, "leave_out": [], "caller": True}
        self.serves, self.served_version = 180_000.0, VERSION
        self.has_champion = True
        self.asked, self.undelivered, self.denied = [], [], set()
        self._region = {"region_name": "us-east-1"}
        self.s3 = boto3.client("s3", **self._region)
        for bucket in ("captures", "models"):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
        self.topic = boto3.client("sns", **self._region).create_topic(Name="topic")["TopicArn"]
        self.outputs = {
            names.OUTPUT_PREDICT_URL: "https://abc.execute-api.us-east-1.amazonaws.com/predict",
            names.OUTPUT_CAPTURE_BUCKET: "captures",
            names.OUTPUT_MODEL_BUCKET: "models",
            names.OUTPUT_MODEL_NAME: MODEL_NAME,
            names.OUTPUT_TOPIC: self.topic,
            names.OUTPUT_TRACKING_URI: tracking_uri,
        }
        self.target = SimpleNamespace(environment="dev", embedded=True, client=self._client, outputs=self.outputs)
        for name in ("drift", "prediction errors"):
            self.alarm(name)
        self._install(monkeypatch)

    def alarm(self, name, state="OK"):
        cloudwatch = boto3.client("cloudwatch", **self._region)
        cloudwatch.put_metric_alarm(
            AlarmName=f"evergreen-dev {name}",
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            Statistic="Sum",
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=f"evergreen-dev {name}", StateValue=state, StateReason="it is a test")

    def promote(self, version=VERSION, **changes):
        """Write the bundle and the pointer."""
        bundle = files()
        for name, content in bundle.items():
            self.s3.put_object(Bucket="models", Key=f"{BUNDLE}{name}", Body=content)
        digest = model_digest(bundle[MODEL], bundle[CONTRACT])
        fields = {"version": version, "bundle": BUNDLE, "digest": digest, "promoted_at": "2026-11-24T12:00:00+00:00"}
        pointer = Champion(**{**fields, **changes})
        self.s3.put_object(Bucket="models", Key=names.champion_key(MODEL_NAME), Body=pointer.to_json())

    def smoke(self, *, wait=0.3):
        """The findings by their check."""
        self.outputs[names.OUTPUT_LOG_SETTINGS] = json.dumps(self.log)
        self.told = []
        findings = module.smoke(self.target, wait=wait, tell=self.told.append, progress=lambda _words: None)
        assert findings == self.told
        return {finding.check: finding for finding in findings}

    def captured(self):
        """The ids in all captures."""
        listed = self.s3.list_objects_v2(Bucket="captures").get("Contents", [])
        bodies = [self.s3.get_object(Bucket="captures", Key=item["Key"])["Body"].read() for item in listed]
        records = [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]
        return [row["prediction_id"] for record in records for row in record.get("rows", record.get("labels"))]

    def deliver(self):
        """All records that Firehose has kept until now."""
        kept, self.undelivered = self.undelivered, []
        for kind, record in kept:
            prefix = {names.RECORD_PREDICT: names.PREDICTIONS_PREFIX, names.RECORD_FEEDBACK: names.FEEDBACK_PREFIX}[
                kind
            ]
            line = json.dumps(record).encode() + b"\n"
            key = f"{prefix}{datetime.now(UTC):%Y/%m/%d}/{uuid.uuid4()}.jsonl.gz"
            self.s3.put_object(Bucket="captures", Key=key, Body=gzip.compress(line))

    def ask(self, method, path, body=b"", *, signed=True, wrong_key=False):
        self.asked.append((method, path, len(body)))
        if not self.is_reachable:
            raise ConnectTimeoutError(endpoint_url="https://abc")
        if not signed or wrong_key:
            return Answer(403, {"message": "Forbidden"})
        if f"{method} {path}" not in names.ROUTES:
            return Answer(404, {"message": "Not Found"})
        event = {
            "routeKey": f"{method} {path}",
            "headers": {},
            "body": body.decode(),
            "requestContext": {"authorizer": CALLER},
        }
        answer = handler.respond(event)
        self.loses -= path == "/predict"
        if self.loses == 0 and path == "/predict":
            raise ReadTimeoutError(endpoint_url="https://abc")
        return Answer(answer["statusCode"], json.loads(answer["body"]))

    def champion(self):
        """What the function has loaded."""
        if self.is_broken:
            raise RuntimeError("broken")
        if not self.has_champion:
            raise NoChampion("no version of houses has been promoted yet; run: evergreen train")
        bundle = files(self.serves)
        digest = model_digest(bundle[MODEL], bundle[CONTRACT])
        served = Champion(version=self.served_version, bundle=BUNDLE, digest=digest, promoted_at="2026-11-24T12:00:00Z")
        return Served(served, "etag", load_model(bundle[MODEL], bundle[CONTRACT], digest=digest))

    def record(self, kind, extra=None):
        """A line of the function's log, and its way through Firehose."""
        if kind not in (names.RECORD_PREDICT, names.RECORD_FEEDBACK):
            return
        rows = [{**row, "features": self.changes(row["features"])} for row in extra.get("rows", [])]
        moment = datetime.now(UTC).isoformat()
        record = {"message": kind, "timestamp": moment, **extra, **({"rows": rows} if rows else {})}
        self.undelivered.append((kind, record))
        if self.delivers:
            self.deliver()

    def _client(self, service):
        client = boto3.client(service, **self._region)
        for operation in self.denied:
            if operation.startswith(f"{service}:"):
                client.meta.events.register(f"before-call.{service}.{operation.partition(':')[2]}", _deny)
        return client

    def _install(self, monkeypatch):
        monkeypatch.setattr(module, "Endpoint", lambda _target: self)
        models = SimpleNamespace(name=MODEL_NAME, champion=self.champion, metrics=lambda _served: {"metric": "mae"})
        monkeypatch.setattr(handler, "models", lambda: models)
        monkeypatch.setattr(
            handler,
            "log_policy",
            lambda: LogPolicy(self.log["sample"], frozenset(self.log["leave_out"]), self.log["caller"]),
        )
        monkeypatch.setattr(handler, "metrics", SimpleNamespace(add_metric=lambda *_: None))
        quiet = lambda *_, **__: None  # noqa: E731
        monkeypatch.setattr(
            handler, "logger", SimpleNamespace(info=self.record, exception=quiet, error=quiet, warning=quiet)
        )


def _deny(model, **_):
    error = f"<Error><Code>AccessDenied</Code><Message>not authorized to {model.name}</Message></Error>"
    return SimpleNamespace(status_code=403), {
        "Error": {"Code": "AccessDenied", "Message": error},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }


def failing(findings):
    return {check for check, finding in findings.items() if finding.status == Status.FAILED}
