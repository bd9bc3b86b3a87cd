"""The champion in memory: what is served while promotions come and S3 goes."""

import threading

import pytest

from evergreen import names
from evergreen.errors import BrokenBundle, NoChampion
from evergreen.versions.bundle import CONTRACT, MODEL, model_digest
from evergreen.versions.champion import Champion
from functions.predict import models as models_module
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
    """A minute passes, and a request comes."""
    clock[0] += 60
    models.champion()


def test_a_promotion_is_seen_by_the_first_request_after_a_minute(s3, bucket, clock):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    assert models.champion().model.predict([1.0]) == 10.0

    promote(s3, "v2", 20.0)
    clock[0] += 59
    assert models.champion().champion.version == "v1"
    clock[0] += 1
    served = models.champion()
    assert served.champion.version == "v2"
    assert served.model.predict([1.0]) == 20.0


@pytest.mark.parametrize("pause", [10, 120, 3_600])
def test_a_promotion_is_seen_at_any_pace_of_requests(s3, bucket, clock, pause):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()
    promote(s3, "v2", 20.0)

    waited = 0
    while models.champion().champion.version == "v1":
        clock[0] += pause
        waited += pause

    # Within a minute, or with the first request after it.
    assert waited <= max(60, pause)


def test_the_seconds_in_which_the_process_was_frozen_count_if_only_the_wall_clock_knows_of_them(
    s3, bucket, clock, monkeypatch
):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()
    promote(s3, "v2", 20.0)

    assert clock[0] == 1000.0
    after_an_hour = models_module.time.time() + 3_600
    monkeypatch.setattr(models_module.time, "time", lambda: after_an_hour)

    assert models.champion().champion.version == "v2"


def test_a_look_waits_a_second_for_s3_and_the_next_one_is_made_sooner(s3, bucket, clock, monkeypatch):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()
    waited = []

    def stalled(*_, **__):
        waited.append(bucket.timeout)
        raise FetchError("timed out")

    with monkeypatch.context() as patched:
        patched.setattr(bucket, "get", stalled)
        look_again(models, clock)
        # Not every request waits while S3 is gone.
        assert models.champion().champion.version == "v1"
    assert waited == [1.0]

    promote(s3, "v2", 20.0)
    clock[0] += 10
    assert models.champion().champion.version == "v2"


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
    assert "digest" in models.take_look()
    assert models.take_look() is None, "a failure is told once"

    promote(s3, "v3", 30.0)
    look_again(models, clock)
    assert models.champion().champion.version == "v3"
    assert models.take_look() == ""


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
        assert models.take_look() == "S3 is gone"


def test_a_pointer_that_vanishes_does_not_stop_the_service(s3, bucket, clock):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    models.champion()

    s3.delete_object(Bucket="models", Key=names.champion_key(MODEL_NAME))
    look_again(models, clock)
    assert models.champion().champion.version == "v1"
    assert "promoted" in models.take_look()


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
    look_again(models, clock)

    assert models.champion().champion.version == "v19"
    assert len(seen) > 2, "the swaps happened while requests came"


def test_the_metrics_of_a_champion_are_fetched_once(s3, bucket, clock, monkeypatch):
    promote(s3, "v1", 10.0)
    models = Models(bucket, MODEL_NAME)
    served = models.champion()
    first = models.metrics(served)
    with monkeypatch.context() as patched:
        patched.setattr(bucket, "get", lambda *_, **__: pytest.fail("fetched again"))
        assert models.metrics(served) == first

    promote(s3, "v2", 20.0)
    look_again(models, clock)
    fetched = []
    get = bucket.get
    monkeypatch.setattr(bucket, "get", lambda key, **given: fetched.append(key) or get(key, **given))
    models.metrics(models.champion())
    assert [key.rpartition("/")[2] for key in fetched] == ["metrics.json"]
