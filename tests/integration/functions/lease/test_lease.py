"""The lease against S3 (moto): one training of a model at a time."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from evergreen import names
from evergreen.versions.champion import Champion
from functions.lease import handler as lease
from functions.lease.leases import ExecutionHasEnded, Leases, TrainingIsRunning

BUCKET, NAME = "models", "houses"
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="r")
ARN = "arn:aws:states:us-east-1:111122223333:execution:training"
FIRST, SECOND = f"{ARN}:first", f"{ARN}:second"
STARTED = "2026-11-24T12:30:10.250Z"


@pytest.fixture
def s3(model_bucket):
    with model_bucket(BUCKET, NAME, {names.LEASE_SECONDS: "7200"}) as client:
        yield client


def acquire(execution: str, version: str = "v1") -> dict:
    event = {"action": "acquire", "execution": execution, "version": version, "started": STARTED}
    return lease.handler(event, CONTEXT)


def release(execution: str) -> bool:
    return lease.handler({"action": "release", "execution": execution}, CONTEXT)["released"]


def stored(s3) -> dict:
    return json.loads(s3.get_object(Bucket=BUCKET, Key=names.lease_key(NAME))["Body"].read())


def let_expire(s3) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    s3.put_object(Bucket=BUCKET, Key=names.lease_key(NAME), Body=json.dumps({**stored(s3), "until": past}))


def test_the_first_training_gets_the_lease_for_as_long_as_it_may_last(s3):
    before = datetime.now(UTC)

    until = datetime.fromisoformat(acquire(FIRST)["until"])

    assert timedelta(seconds=7199) < until - before < timedelta(seconds=7260)
    assert stored(s3) == {"execution": FIRST, "version": "v1", "since": STARTED, "until": until.isoformat()}


def test_a_second_training_is_refused_with_all_that_is_known_of_the_first(s3):
    until = datetime.fromisoformat(acquire(FIRST)["until"])

    with pytest.raises(TrainingIsRunning) as refused:
        acquire(SECOND, "v2")

    said = str(refused.value)
    for known in (
        f"another training of {NAME} is running",
        "version v1",
        f"execution {FIRST}",
        "since 2026-11-24 12:30 UTC",
        f"until {until:%Y-%m-%d %H:%M} UTC",
        f"aws stepfunctions stop-execution --execution-arn {FIRST}",
        f"delete s3://{BUCKET}/leases/{NAME}.json",
    ):
        assert known in said
    assert stored(s3)["execution"] == FIRST


@pytest.mark.usefixtures("s3")
def test_the_release_of_a_refused_training_leaves_the_firsts_lease_alone():
    acquire(FIRST)

    assert not release(SECOND)

    with pytest.raises(TrainingIsRunning):
        acquire(SECOND)


@pytest.mark.usefixtures("s3")
def test_what_was_given_back_is_free_and_giving_it_back_again_changes_nothing():
    acquire(FIRST)

    assert release(FIRST)
    assert not release(FIRST)

    acquire(SECOND, "v2")
    # The event of the first one's end comes late.
    assert not release(FIRST)
    with pytest.raises(TrainingIsRunning, match="version v2"):
        acquire(FIRST)


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("before", ["no lease", "the lease of one that has ended"])
def test_an_execution_that_is_aborted_while_it_asks_does_not_get_the_lease_after_its_end(before):
    if before != "no lease":
        acquire(SECOND)
        release(SECOND)

    assert not release(FIRST)

    with pytest.raises(ExecutionHasEnded, match="execution:training:first has ended"):
        acquire(FIRST)
    acquire(f"{ARN}:third")


def test_a_retry_of_the_same_execution_keeps_the_lease_as_it_is(s3):
    first = acquire(FIRST)
    before = s3.head_object(Bucket=BUCKET, Key=names.lease_key(NAME))["ETag"]

    assert acquire(FIRST) == first

    assert s3.head_object(Bucket=BUCKET, Key=names.lease_key(NAME))["ETag"] == before


def test_an_expired_lease_is_taken_over(s3):
    acquire(FIRST)
    let_expire(s3)

    acquire(SECOND, "v2")

    assert stored(s3)["execution"] == SECOND
    assert not release(FIRST)


class Overtaken:
    """S3, but others write the lease between this one's look at it and its write."""

    def __init__(self, client, *winners: dict) -> None:
        self._client, self._winners = client, list(winners)
        self.exceptions = client.exceptions

    def get_object(self, **arguments):
        return self._client.get_object(**arguments)

    def put_object(self, **arguments):
        if self._winners:
            self._client.put_object(Bucket=BUCKET, Key=names.lease_key(NAME), Body=json.dumps(self._winners.pop()))
        return self._client.put_object(**arguments)


@pytest.mark.parametrize("before", ["nothing", "an expired lease"])
def test_of_two_at_once_one_wins_and_the_other_names_it(s3, before):
    if before == "an expired lease":
        acquire(FIRST)
        let_expire(s3)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    winner = {"execution": FIRST, "version": "v9", "since": STARTED, "until": tomorrow}
    leases = Leases(Overtaken(s3, winner), BUCKET, NAME)

    with pytest.raises(TrainingIsRunning, match="version v9"):
        leases.acquire(execution=SECOND, version="v2", since=STARTED, seconds=60)
    assert stored(s3) == winner


def test_who_was_overtaken_by_one_that_has_ended_since_gets_the_lease(s3):
    ended = {"execution": FIRST, "version": "v9", "since": STARTED, "until": datetime.now(UTC).isoformat()}
    leases = Leases(Overtaken(s3, ended), BUCKET, NAME)

    leases.acquire(execution=SECOND, version="v2", since=STARTED, seconds=60)

    assert stored(s3)["execution"] == SECOND


def test_who_is_overtaken_again_and_again_is_told_to_come_back(s3):
    ended = {"execution": FIRST, "since": STARTED, "until": datetime.now(UTC).isoformat()}
    leases = Leases(Overtaken(s3, *({**ended, "version": f"v{number}"} for number in range(99))), BUCKET, NAME)

    with pytest.raises(TrainingIsRunning, match="are starting at this moment. Train again in a minute"):
        leases.acquire(execution=SECOND, version="v2", since=STARTED, seconds=60)


def test_a_lease_that_was_taken_over_during_its_release_stays_the_others(s3):
    acquire(FIRST)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    other = {"execution": SECOND, "version": "v2", "since": STARTED, "until": tomorrow}

    assert not Leases(Overtaken(s3, other), BUCKET, NAME).release(execution=FIRST)

    assert stored(s3) == other


@pytest.mark.usefixtures("s3")
def test_before_the_first_promotion_there_is_no_previous_contract():
    assert acquire(FIRST)["previous_contract"] == ""


def test_the_champions_contract_is_named(s3):
    champion = Champion(version="v1", bundle="models/houses/job/output/model/", digest="d", promoted_at="now")
    s3.put_object(Bucket=BUCKET, Key=names.champion_key(NAME), Body=champion.to_json())

    assert acquire(FIRST)["previous_contract"] == f"s3://{BUCKET}/models/houses/job/output/model/contract.json"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"execution": 1, "version": 2, "since": 3, "until": 4}'],
    ids=["empty", "cut off", "no object", "no lease", "numbers in place of text"],
)
def test_a_lease_that_cannot_be_read_holds_nothing_and_is_replaced(s3, content):
    s3.put_object(Bucket=BUCKET, Key=names.lease_key(NAME), Body=content)
    assert not release(SECOND)
    s3.put_object(Bucket=BUCKET, Key=names.lease_key(NAME), Body=content)

    acquire(FIRST)

    assert stored(s3)["execution"] == FIRST
    with pytest.raises(TrainingIsRunning):
        acquire(SECOND)


def test_a_lease_without_an_offset_in_its_time_holds_nothing(s3):
    acquire(SECOND)
    without = {**stored(s3), "until": "2999-01-01T00:00:00"}
    s3.put_object(Bucket=BUCKET, Key=names.lease_key(NAME), Body=json.dumps(without))

    acquire(FIRST)
    assert stored(s3)["execution"] == FIRST
