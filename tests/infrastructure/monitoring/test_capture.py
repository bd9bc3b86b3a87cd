"""Records go from the log to S3, compressed, by day, and whatever cannot be delivered is kept apart."""

import pytest

from evergreen import names


@pytest.fixture
def destinations(template):
    """What each stream writes, by its construct's name."""
    return {
        path.rpartition("/")[2]: stream["ExtendedS3DestinationConfiguration"]
        for path, stream in template.properties("AWS::KinesisFirehose::DeliveryStream").items()
    }


def test_each_kind_of_record_has_a_folder_per_day(destinations):
    assert {name: found["Prefix"] for name, found in destinations.items()} == {
        "PredictStream": names.PREDICTIONS_PREFIX + "!{timestamp:yyyy/MM/dd}/",
        "FeedbackStream": names.FEEDBACK_PREFIX + "!{timestamp:yyyy/MM/dd}/",
    }


def test_what_is_written_is_compressed_and_what_is_not_is_kept(destinations):
    for found in destinations.values():
        assert found["BucketARN"] == "arn:aws:s3:::capture-bucket"
        assert (found["CompressionFormat"], found["FileExtension"]) == ("GZIP", ".jsonl.gz")
        assert found["ErrorOutputPrefix"].startswith(names.UNDELIVERED_PREFIX)
        assert found["CloudWatchLoggingOptions"]["Enabled"] is True
        assert found["BufferingHints"]["IntervalInSeconds"] == 60


def test_firehose_unpacks_the_envelopes_of_the_subscription_itself(destinations):
    for found in destinations.values():
        assert [processor["Type"] for processor in found["ProcessingConfiguration"]["Processors"]] == [
            "Decompression",
            "CloudWatchLogProcessing",
        ]


def test_the_subscriptions_take_the_captured_records_and_nothing_else_of_the_log(template):
    subscriptions = template.properties("AWS::Logs::SubscriptionFilter").values()
    assert {found["FilterPattern"] for found in subscriptions} == {
        f'{{ $.message = "{kind}" && $.capture = {names.CAPTURE_FORMAT} }}'
        for kind in (names.RECORD_PREDICT, names.RECORD_FEEDBACK)
    }
    assert {found["LogGroupName"] for found in subscriptions} == {"prediction-predict-log"}


def test_the_check_is_scheduled_as_model_toml_says_and_its_failures_are_kept(template):
    schedule = template.only("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == f"rate({template.settings.drift.every_hours} hours)"
    assert schedule["Target"]["Arn"].endswith(":function:monitoring-checkdrift-function")
    assert schedule["Target"]["DeadLetterConfig"]["Arn"].endswith(":deadletters-queue")
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}


def test_the_queue_of_failures_is_encrypted_and_keeps_them_as_long_as_sqs_does(template):
    queue = template.only("AWS::SQS::Queue")
    assert (queue["SqsManagedSseEnabled"], queue["MessageRetentionPeriod"]) == (True, 14 * 24 * 3600)
