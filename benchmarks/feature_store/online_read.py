"""One and a hundred entities of ten features each, read from one table: Evergreen's reader and Feast's own SDK."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from benchmarks.feature_store import feast_python
from benchmarks.feature_store.views import FEATURES, KEY, PROJECT, Repository, customer, repository
from benchmarks.figures import median, paired_ratio
from benchmarks.places import BUILD, CHECKOUT
from evergreen import names
from evergreen.feature_store.online_table import item
from local.cloud import EmbeddedCloud

EVERGREEN = "Evergreen"
KEYS = (1, 100)
_EVENT = datetime(2025, 12, 31, tzinfo=UTC)
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Rounds of fresh processes, rounds of warm calls, and calls a round by the number of keys."""

    cold_rounds: int
    warm_rounds: int
    calls: Mapping[int, int]


FULL = Effort(cold_rounds=5, warm_rounds=20, calls={1: 50, 100: 20})
QUICK = Effort(cold_rounds=1, warm_rounds=1, calls={1: 3, 100: 2})


@dataclass(frozen=True, kw_only=True)
class _Contender:
    """How a process that reads is started."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path

    def start(self, stack: ExitStack) -> "_Reader":
        return stack.enter_context(_Reader(self))


class _Reader:
    """A process that reads, and ends with its input."""

    def __init__(self, contender: _Contender) -> None:
        self._process = subprocess.Popen(
            contender.command,
            cwd=contender.folder,
            env=dict(contender.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, keys: int, calls: int) -> dict[str, Any]:
        """What `reading.serve` answers.

        Raises:
            RuntimeError: the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"customers": _customers(keys), "calls": calls}) + "\n")
        self._process.stdin.flush()
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(f"{self._process.args!r} has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


def measure(effort: Effort, *, progress: Progress) -> tuple[dict[str, Any], dict[str, str]]:
    """By the number of keys what a call takes, cold and warm, and Feast's times ours; and the peer that is missing."""
    missing: dict[str, str] = {}
    version = ""
    BUILD.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD, prefix="online-read-")))
        cloud = EmbeddedCloud(folder / "cloud")
        stack.callback(cloud.stop)
        progress("starting the embedded cloud")
        cloud.start(with_mlflow=False)
        made = repository(folder / "features")
        written = _write(made, cloud)
        contenders = {EVERGREEN: _evergreen(made, cloud)}
        try:
            contenders[feast_python.FEAST] = _feast(made, cloud)
            version = feast_python.version()
        except feast_python.FeastUnavailable as error:
            missing[feast_python.FEAST] = str(error)
        cold = _cold(contenders, written, effort, progress)
        warm = _warm(contenders, written, effort, progress)
    return {"features": FEATURES, "feast": version, "cold": cold, "warm": warm}, missing


def _customers(keys: int) -> list[str]:
    return [customer(number) for number in range(keys)]


def _write(made: Repository, cloud: EmbeddedCloud) -> list[list[float]]:
    """Put the items of as many customers as are read; returns their values."""
    (view,) = made.views
    client = boto3.client(
        "dynamodb",
        region_name=cloud.region,
        endpoint_url=cloud.endpoint,
        verify=str(cloud.ca_file),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    table = names.online_table(PROJECT, view.name)
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    written = []
    for number, name in enumerate(_customers(max(KEYS))):
        values = [(number + 1) / (position + 3) for position in range(FEATURES)]
        stored = {feature.name: value for feature, value in zip(view.features, values, strict=True)}
        client.put_item(TableName=table, Item=item(view, {KEY: name}, stored, _EVENT))
        written.append(values)
    return written


def _evergreen(made: Repository, cloud: EmbeddedCloud) -> _Contender:
    (view,) = made.views
    # -S: no site-packages, which the function does not have either.
    command = [sys.executable, "-s", "-S", "-m", "benchmarks.feature_store.reader", str(made.view_file(view)), PROJECT]
    variables = {**cloud.environment(), "SSL_CERT_FILE": str(cloud.ca_file)}
    return _Contender(command=command, environment=feast_python.environment(variables), folder=CHECKOUT)


def _feast(made: Repository, cloud: EmbeddedCloud) -> _Contender:
    feast_python.require()
    (view,) = made.views
    feast_python.apply(made.folder, cloud.environment())
    command = [*feast_python.COMMAND, "-m", "benchmarks.feature_store.peer.read", str(made.view_file(view))]
    return _Contender(command=command, environment=feast_python.environment(cloud.environment()), folder=made.folder)


def _cold(
    contenders: Mapping[str, _Contender], written: list[list[float]], effort: Effort, progress: Progress
) -> dict[str, Any]:
    """One key, from starting the interpreter until its values are there. The first round warms the page cache and is
    dropped."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(effort.cold_rounds + 1):
        progress(f"cold, round {number} of {effort.cold_rounds}")
        for name, contender in contenders.items():
            with ExitStack() as stack:
                started = time.perf_counter()
                answer = contender.start(stack).ask(1, 1)
                taken = time.perf_counter() - started
            assert answer["values"] == written[:1], name
            if number:
                seconds[name].append(taken)
    return {
        name: {"seconds": median(values), "times_ours": paired_ratio(values, seconds[EVERGREEN])}
        for name, values in seconds.items()
    }


def _warm(
    contenders: Mapping[str, _Contender], written: list[list[float]], effort: Effort, progress: Progress
) -> dict[str, Any]:
    """By the number of keys: all processes wait at the same time, and get their calls one after the other."""
    with ExitStack() as stack:
        readers = {name: contender.start(stack) for name, contender in contenders.items()}
        return {str(keys): _calls(readers, keys, written, effort, progress) for keys in KEYS}


def _calls(
    readers: Mapping[str, _Reader], keys: int, written: list[list[float]], effort: Effort, progress: Progress
) -> dict[str, Any]:
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in readers}
    for number in range(effort.warm_rounds + 1):
        progress(f"{keys} keys, round {number} of {effort.warm_rounds}")
        for name, reader in readers.items():
            answer = reader.ask(keys, effort.calls[keys])
            assert answer["values"] == written[:keys], name
            if number:
                taken[name].append(answer)
    medians = {name: [median(answer["seconds"]) for answer in answers] for name, answers in taken.items()}
    return {
        name: {
            "milliseconds": median(medians[name]) * 1000,
            "processor_ms": median([median(answer["processor_s"]) for answer in answers]) * 1000,
            "times_ours": paired_ratio(medians[name], medians[EVERGREEN]),
        }
        for name, answers in taken.items()
    }
