"""What the tests of the check are about: a model with a holdout, and lines as the predict function logs them."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from evergreen import names
from evergreen.captures.records import Faults
from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.monitoring.drift.history import TIME, History
from evergreen.versions.bundle import CONTRACT, HOLDOUT, LINEAGE, MANIFEST, METRICS, MODEL, MONITORING, Bundle
from evergreen.versions.champion import Champion
from functions.check_drift.capture_files import CaptureFiles
from functions.check_drift.check import check
from functions.check_drift.subject import Subject

NAME, BUCKET, VERSION = "houses", "captures", "v2"
CONTEXT = SimpleNamespace(
    function_name="check_drift", memory_limit_in_mb=3008, invoked_function_arn="arn", aws_request_id="request-1"
)
START, END = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW = END + timedelta(minutes=10)
NOON = END - timedelta(hours=6)

CITIES = ("Austin", "Dallas", "Waco")
FEATURES = (
    Feature(name="city", type=CATEGORY, missing_allowed=True, categories=CITIES),
    Feature(name="rooms", type=NUMBER, missing_allowed=True, minimum=1, maximum=9),
    Feature(name="area", type=NUMBER, missing_allowed=True, minimum=0, maximum=1000),
)
IMPORTANCE = {"city": {"mean": 1.0}, "rooms": {"mean": 2.0}, "area": {"mean": 7.0}}
REGRESSION = Contract(task="regression", target="price", features=FEATURES)
CLASSIFICATION = Contract(task="classification", target="sold", features=FEATURES, classes=("no", "yes"))


def houses(count: int, *, seed: int) -> list[dict[str, Any]]:
    """Features of one distribution, whatever the seed."""
    generator = np.random.default_rng(seed)
    return [
        {"city": str(city), "rooms": float(rooms), "area": float(area)}
        for city, rooms, area in zip(
            generator.choice(CITIES, count, p=[0.6, 0.3, 0.1]),
            generator.integers(1, 10, count),
            generator.uniform(0, 1000, count),
            strict=True,
        )
    ]


def price(features: dict[str, Any]) -> float:
    """What the model of these tests predicts."""
    return 100.0 + (features.get("area") or 0.0)


def bundle_files(
    *,
    contract: Contract = REGRESSION,
    holdout: Iterable[dict[str, Any]] | None = None,
    drift: dict[str, Any] | None = None,
    quality: dict[str, Any] | None = None,
    history: History | None = None,
    metric: str = "mae",
) -> dict[str, bytes]:
    """A bundle whose holdout is `houses(600)`; the model is off by 10 on each row, one way or the other.

    Args:
        quality: the rule; without another one it looks back two days, since each takes a listing.
    """
    if holdout is None:
        holdout = [
            {"features": features, "actual": price(features) + (10 if index % 2 else -10), "predicted": price(features)}
            for index, features in enumerate(houses(600, seed=0))
        ]
    names_ = [feature.name for feature in contract.features]
    model = {
        "format": 1,
        "features": names_,
        "scorer": {"family": "hist_gradient_boosting", "categories": [], "baselines": [1.0], "trees": [[]]},
        "task": "binary" if contract.classes else "regression",
        "classes": list(contract.classes) or None,
        "links": ["expit"] if contract.classes else [],
        "zero_is_positive": False,
        "steps": [],
    }
    files = {
        MODEL: json.dumps(model).encode(),
        CONTRACT: contract.to_json(),
        HOLDOUT: "".join(json.dumps(row) + "\n" for row in holdout).encode(),
        METRICS: json.dumps({"metric": metric, "importance": IMPORTANCE}).encode(),
        MONITORING: json.dumps(
            {
                "drift": drift or {},
                "quality": {"days": 2, **(quality or {})},
                "group": "",
                # Of rows in time that have never moved farther than chance explains.
                "history": (history or History(order=TIME)).as_dict(),
            }
        ).encode(),
        LINEAGE: b"{}",
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {**files, MANIFEST: json.dumps(digests).encode()}


def champion(version: str = VERSION) -> Champion:
    return Champion(
        version=version, bundle="models/houses/v2/", digest="d" * 64, promoted_at="2026-11-14T12:10:00+00:00"
    )


def prediction_id(moment: datetime, number: int) -> str:
    """A UUID of version 7 by its definition: 48 bits of milliseconds, the version, the variant; and a number."""
    bits = f"{int(moment.timestamp() * 1000):048b}" + "0111" + "0" * 12 + "10" + f"{number:062b}"
    digits = f"{int(bits, 2):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def stamped(moment: datetime) -> str:
    """As the Powertools logger writes time."""
    return f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d}+0000"


def row(features: dict[str, Any], number: int, *, at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    return {
        "prediction_id": prediction_id(at, number),
        "prediction": price(features),
        "features": features,
        "unusual": [],
        **changes,
    }


def rows_of(features: Iterable[dict[str, Any]], *, at: datetime = NOON, first: int = 0) -> list[dict[str, Any]]:
    return [row(item, number, at=at) for number, item in enumerate(features, first)]


ROWS = rows_of(houses(400, seed=1))


def record(rows: list[dict[str, Any]], *, at: datetime = NOON, version: str = VERSION, **changes: Any) -> dict:
    """A line of the predict function's log."""
    return {
        "level": "INFO",
        "location": "predict:60",
        "message": "predict",
        "timestamp": stamped(at),
        "service": "predict",
        "function_request_id": "5f0e",
        "capture": 1,
        "model_version": version,
        "model_digest": "d" * 64,
        "duration_ms": 1.5,
        "rows": rows,
        **changes,
    }


def records(rows: list[dict[str, Any]], *, each: int = 20, **changes: Any) -> list[dict]:
    return [record(rows[start : start + each], **changes) for start in range(0, len(rows), each)]


def feedback(truth: dict[str, Any], *, at: datetime = NOON + timedelta(hours=1), **changes: Any) -> dict:
    """A line of the predict function's log: the truth by prediction id."""
    labels = [{"prediction_id": id_, "actual": actual} for id_, actual in truth.items()]
    return {
        "level": "INFO",
        "location": "feedback:80",
        "message": "feedback",
        "timestamp": stamped(at),
        "service": "predict",
        "capture": 1,
        "labels": labels,
        **changes,
    }


def lines(documents: Iterable[dict]) -> bytes:
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


def parquet(documents: list[dict]) -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(pa.Table.from_pylist(documents), file)
    return file.getvalue()


def changed(rows: list[dict], count: int, **features) -> list[dict]:
    """The rows, the first few with other features."""
    return [
        {**item, "features": {**item["features"], **features}} if number < count else item
        for number, item in enumerate(rows)
    ]


def without(rows: list[dict], feature: str, count: int) -> list[dict]:
    """The rows, the first few without a feature."""
    return [
        {**item, "features": {name: value for name, value in item["features"].items() if name != feature}}
        if number < count
        else item
        for number, item in enumerate(rows)
    ]


def drifted(result) -> dict[str, list[str]]:
    return {feature["name"]: list(feature["reasons"]) for feature in result.features if feature["reasons"]}


def truth_of(rows: list[dict], *, error: float, **changes) -> dict:
    """Feedback that each prediction was off by so much, one way or the other."""
    return feedback(
        {
            item["prediction_id"]: price(item["features"]) + (error if number % 2 else -error)
            for number, item in enumerate(rows)
        },
        **changes,
    )


def answers(rows: list[dict], probabilities: dict[str, float]) -> list[dict]:
    return [
        {**item, "prediction": max(probabilities, key=probabilities.get), "probabilities": probabilities}
        for item in rows
    ]


def classifier(metric: str) -> dict[str, bytes]:
    """A holdout whose three quarters are "no", said with 75%."""
    holdout = [
        {
            "features": item,
            "actual": "no" if number % 4 else "yes",
            "predicted": "no",
            "probabilities": [0.75, 0.25],
        }
        for number, item in enumerate(houses(600, seed=0))
    ]
    return bundle_files(contract=CLASSIFICATION, holdout=holdout, metric=metric)


class Captures:
    """The capture bucket, as Firehose fills it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._count = 0

    def put(self, content: bytes, *, day: datetime = NOON, prefix: str = names.PREDICTIONS_PREFIX) -> str:
        self._count += 1
        key = f"{prefix}{day:%Y/%m/%d}/stream-{self._count:04d}.jsonl.gz"
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content)
        return key

    def put_records(self, documents: Iterable[dict], *, day: datetime = NOON) -> str:
        return self.put(gzip.compress(lines(documents)), day=day)

    def put_feedback(self, *documents: dict, day: datetime = NOON) -> str:
        return self.put(gzip.compress(lines(documents)), day=day, prefix=names.FEEDBACK_PREFIX)

    def clear(self) -> None:
        while found := self.client.list_objects_v2(Bucket=BUCKET).get("Contents"):
            keys = [{"Key": item["Key"]} for item in found]
            self.client.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})

    def check(
        self,
        *,
        files: dict[str, bytes] | None = None,
        previous: dict[str, Any] | None = None,
        not_captured: tuple[str, ...] = (),
        start: datetime = START,
        end: datetime = END,
        now: datetime = NOW,
        version: str = VERSION,
    ) -> tuple[Any, bytes]:
        """The result of a check, and the report."""
        subject = Subject(
            model=NAME,
            champion=champion(version),
            bundle=Bundle.read((files or bundle_files()).__getitem__),
            not_captured=not_captured,
        )
        files_ = CaptureFiles(self.client, BUCKET, Faults())
        return check(subject, files_, start=start, end=end, now=now, previous=previous or {})

    def result(self, **settings: Any) -> Any:
        return self.check(**settings)[0]
