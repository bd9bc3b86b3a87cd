"""The champion in memory: what is served while promotions come and S3 goes."""

import threading

import pytest

from evergreen import names
from evergreen.errors import BrokenBundle, NoChampion
from evergreen.versions.bundle import CONTRACT, MODEL, model_digest
from evergreen.versions.champion import Champion
from functions.predict.models import Models
from functions.predict.s3 import FetchError
from tests.bundles import constant_bundle
from tests.integration.functions.predict.serving import MODEL_NAME


def promote(s3, version: str, prediction: float, *, digest: str | None = None) -> None:
    files = constant_bundle(prediction)
    prefix = f"models/{MODEL_NAME}/{version}/output/model/"
    for name, content in files.items():
        s3.put_object(Bucket="models", Key=prefix + name, Body=content)
    champion = Champion(
        version=version,
        bundle=prefix,
        digest=digest or model_digest(files[MODEL], files[CONTRACT]),
        promoted_at="2026-01-01T00:00:00+00:00",
    )
    s3.put_object(Bucket="models", Key=names.champion_key(MODEL_NAME), Body=champion.to_json())


@pytest.mark.usefixtures("s3")
def test_before_the_first_promotion_the_remedy_is_named(bucket):
    with pytest.raises(NoChampion, match="evergreen train"):
        Models(bucket, MODEL_NAME).champion()


def look_again(models: Models, clock) -> None:
    """A minute passes, a request comes, and the look that it starts comes to its end."""
    clock[0] += 60
    models.champion()
    models.refreshing.join()


def test_a_promotion_is_seen_after_a_minute_and_not_before(s3, bucket, clock):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    assert models.champion().model.predict([1.0]) == 10.0

    promote(s3, "v2", 20.0)
    clock[0] += 59
    assert models.champion().champion.version == "v1"
    assert models.refreshing is None
    look_again(models, clock)
    assert models.champion().champion.version == "v2"
    assert models.champion().model.predict([1.0]) == 20.0


def test_no_request_waits_for_a_look(s3, bucket, clock, monkeypatch):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()
    looking, go_on = threading.Event(), threading.Event()

    def slow(*_, **__):
        looking.set()
        go_on.wait(10)

    monkeypatch.setattr(bucket, "get", slow)
    clock[0] += 60
    assert models.champion().champion.version == "v1"
    assert looking.wait(10)
    first = models.refreshing
    clock[0] += 60
    assert models.champion().champion.version == "v1"
    assert models.refreshing is first, "one look at a time"
    go_on.set()
    first.join()


def test_a_first_promotion_is_seen_at_the_next_request(s3, bucket, clock):
    models = Models(bucket, MODEL_NAME)
    with pytest.raises(NoChampion):
        models.champion()

    promote(s3, "v1", 10.0)
    assert clock[0] == 1000.0
    assert models.champion().champion.version == "v1"


@pytest.mark.usefixtures("clock")
def test_a_bundle_with_another_digest_is_never_served(s3, bucket):
    promote(s3, "v1", 10.0, digest="0" * 64)

    with pytest.raises(BrokenBundle, match="digest"):
        Models(bucket, MODEL_NAME).champion()


def test_what_is_loaded_goes_on_serving_when_the_next_cannot_be_had(s3, bucket, clock):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()

    promote(s3, "v2", 20.0, digest="0" * 64)
    look_again(models, clock)
    assert models.champion().champion.version == "v1"
    assert "digest" in models.take_failure()
    assert models.take_failure() is None, "a failure is told once"

    promote(s3, "v3", 30.0)
    look_again(models, clock)
    assert models.champion().champion.version == "v3"
    assert models.take_failure() is None


def test_while_s3_fails_every_request_is_answered(s3, bucket, clock, monkeypatch):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()

    def gone(*_, **__):
        raise FetchError("S3 is gone")

    monkeypatch.setattr(bucket, "get", gone)
    for _ in range(20):
        look_again(models, clock)
        assert models.champion().model.predict([1.0]) == 10.0
        assert models.take_failure() == "S3 is gone"


def test_a_pointer_that_vanishes_does_not_stop_the_service(s3, bucket, clock):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()

    s3.delete_object(Bucket="models", Key=names.champion_key(MODEL_NAME))
    look_again(models, clock)
    assert models.champion().champion.version == "v1"
    assert "promoted" in models.take_failure()


def test_the_metrics_are_those_of_the_served_version(s3, bucket):
    promote(s3, "v1", 8.0)
    models = Models(bucket, MODEL_NAME)

    assert models.metrics(models.champion())["holdout"] == {"mae": 2.0}


def test_while_promotions_come_every_answer_is_of_a_version_that_was_champion_meanwhile(s3, bucket, clock):
    promote(s3, "v0", 0.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()
    promoted = [0]
    ended = threading.Event()

    def keep_promoting():
        for number in range(1, 20):
            promote(s3, f"v{number}", float(number))
            promoted[0] = number
        ended.set()

    thread = threading.Thread(target=keep_promoting)
    thread.start()
    seen = set()
    # A request every few milliseconds: without the pause the requests would keep the promotions from coming.
    while not ended.wait(0.005):
        loaded = promoted[0]
        clock[0] += 60
        served = models.champion()
        version = int(served.champion.version[1:])
        # Its own model, and no version from before the one that an earlier request has been answered with.
        assert served.model.predict([1.0]) == version
        assert version >= max(seen, default=0)
        assert version <= loaded + 1
        seen.add(version)
    thread.join()
    models.refreshing.join()
    look_again(models, clock)

    assert models.champion().champion.version == "v19"
    assert len(seen) > 2, "the swaps happened while requests came"
