"""The notify function: an alarm of CloudWatch becomes a message by SNS (moto)."""

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from evergreen import names
from functions.check_drift.result import CheckResult
from functions.notify import handler as notify
from functions.notify.wording import compose
from tests.unit.functions.notifications import BUCKET, CHECK, FELL, MODEL, STACK, alarm, told

CONTEXT = SimpleNamespace(
    function_name="notify", memory_limit_in_mb=256, invoked_function_arn="arn", aws_request_id="request-1"
)


@pytest.fixture
def account(monkeypatch):
    """SNS with a queue behind the topic, and S3; `received` gives what the topic has sent."""
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        names.STACK_NAME: STACK,
        names.MODEL_NAME: MODEL,
        names.CAPTURE_BUCKET: BUCKET,
        names.MESSAGE_FORMAT: names.FORMAT_TEXT,
    }.items():
        monkeypatch.setenv(name, value)
    notify._client.cache_clear()
    with mock_aws():
        s3, sns, sqs = (boto3.client(service) for service in ("s3", "sns", "sqs"))
        s3.create_bucket(Bucket=BUCKET)
        topic = sns.create_topic(Name="alarms")["TopicArn"]
        queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
        monkeypatch.setenv(names.TOPIC, topic)

        def received() -> list[tuple[str, str]]:
            messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            bodies = [json.loads(message["Body"]) for message in messages]
            return [(body["Subject"], body["Message"]) for body in bodies]

        yield SimpleNamespace(s3=s3, received=received)
    notify._client.cache_clear()


def event(*, before: str | None, now: str, name: str = names.ALARM_DRIFT) -> dict:
    """As CloudWatch invokes a function.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
    """
    data = {
        "alarmName": f"{STACK} {name}",
        "state": {"value": now, "reason": "Threshold Crossed", "timestamp": "2026-11-24T01:02:03.000+0000"},
        "configuration": {"description": "More features have drifted.", "metrics": []},
    }
    if before:
        data["previousState"] = {"value": before, "reason": "", "timestamp": "2026-11-23T01:02:03.000+0000"}
    return {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{STACK} {name}",
        "accountId": "123456789012",
        "time": "2026-11-24T01:02:03.500+0000",
        "region": "us-east-1",
        "alarmData": data,
    }


def store(account, check: CheckResult) -> None:
    account.s3.put_object(Bucket=BUCKET, Key=names.latest_check_key(MODEL), Body=check.to_json())


def test_an_alarm_is_told_with_the_newest_check(account):
    store(account, CHECK)

    notify.handler(event(before="OK", now="ALARM"), CONTEXT)

    expected = told()
    ((subject, text),) = account.received()
    assert subject == f"Evergreen dev: drift, {MODEL}" == expected.subject
    assert text == compose(alarm(description="More features have drifted."), asdict(CHECK)).as_text()


def test_for_chat_tools_the_message_is_their_json(account, monkeypatch):
    store(account, CHECK)
    monkeypatch.setenv(names.MESSAGE_FORMAT, names.FORMAT_CHAT)

    notify.handler(event(before="OK", now="ALARM"), CONTEXT)

    ((_, text),) = account.received()
    assert json.loads(text) == told().as_chat()


def test_an_alarm_before_the_first_check_is_told_by_its_description(account):
    notify.handler(event(before="INSUFFICIENT_DATA", now="ALARM"), CONTEXT)

    ((_, text),) = account.received()
    assert text == "What: More features have drifted.\n\nSince: 2026-11-24T01:02:03 UTC\n\nHow far: Threshold Crossed"


def test_an_alarm_on_metric_math_is_told_by_its_description_too(account):
    happened = event(before="OK", now="ALARM", name=names.ALARM_REJECTED)
    metric = {"namespace": "Evergreen/dev", "name": names.REJECTED_REQUESTS, "dimensions": {"service": "predict"}}
    happened["alarmData"]["configuration"]["metrics"] = [
        {"id": "expr_1", "expression": "IF(requests >= 20, value, 0)", "label": "share", "returnData": True},
        *(
            {"id": id_, "metricStat": {"metric": metric, "period": 300, "stat": stat}, "returnData": False}
            for id_, stat in (("value", "Average"), ("requests", "SampleCount"))
        ),
    ]

    notify.handler(happened, CONTEXT)

    ((subject, text),) = account.received()
    assert subject == "Evergreen dev: rejected requests, alarm"
    assert text.startswith("What: More features have drifted.")


def test_a_fall_in_quality_is_not_told_twice_when_drift_begins_in_the_same_check(account):
    store(account, replace(CHECK, quality=FELL.as_dict(), drift_since=CHECK.checked_at))

    for name in (names.ALARM_DRIFT, names.ALARM_QUALITY):
        notify.handler(event(before="OK", now="ALARM", name=name), CONTEXT)

    ((subject, text),) = account.received()
    assert subject.startswith("Evergreen dev: drift")
    assert "Quality: it has fallen" in text


@pytest.mark.parametrize("before", ["INSUFFICIENT_DATA", "OK", None])
def test_an_alarm_that_never_fired_says_nothing_when_all_is_well(account, before):
    notify.handler(event(before=before, now="OK"), CONTEXT)

    assert account.received() == []


def test_the_end_of_an_alarm_is_told(account):
    notify.handler(event(before="ALARM", now="OK"), CONTEXT)

    ((subject, text),) = account.received()
    assert subject == "Evergreen dev: drift, over"
    assert "is over since 2026-11-24T01:02:03 UTC" in text


def test_a_topic_that_refuses_fails_the_invocation_so_that_lambda_tries_again(account, monkeypatch):
    monkeypatch.setenv(names.TOPIC, "arn:aws:sns:us-east-1:123456789012:gone")

    with pytest.raises(ClientError, match="NotFound"):
        notify.handler(event(before="OK", now="ALARM"), CONTEXT)
    assert account.received() == []


def test_captures_that_cannot_be_read_fail_the_invocation_too(account, monkeypatch):
    monkeypatch.setenv(names.CAPTURE_BUCKET, "gone")

    with pytest.raises(ClientError, match="NoSuchBucket"):
        notify.handler(event(before="OK", now="ALARM"), CONTEXT)
    assert account.received() == []
