"""What make up shows: of the model that it has trained, and of what is sent meanwhile."""

import json
import shlex
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from cli.aws.endpoint import RequestRefused
from cli.aws.inbox import Inbox
from cli.verbs.up import example, print_messages
from evergreen import names


class FakeEndpoint:
    def __init__(self, *features):
        self.features = [{"name": name, "example": value} for name, value in features]

    def model(self):
        if not self.features:
            raise RequestRefused(503, {"detail": "There is no model yet"})
        return {"contract": {"features": self.features}}


def test_the_example_is_a_row_of_the_champions_own_contract_that_a_shell_can_take():
    words = shlex.split(example(FakeEndpoint(("town", "Val d'Isère"), ("rooms", 3.0), ("sold", "true"))))

    assert words[0] == "-d"
    assert json.loads(words[1]) == {"features": {"town": "Val d'Isère", "rooms": 3.0, "sold": "true"}}


def test_without_a_champion_there_is_no_example():
    assert example(FakeEndpoint()) == ""


@pytest.fixture
def topic(monkeypatch):
    """The topic of a stack, and the stack."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        sns = boto3.client("sns", region_name="us-east-1")
        arn = sns.create_topic(Name="notifications")["TopicArn"]
        target = SimpleNamespace(
            client=lambda service: boto3.client(service, region_name="us-east-1"), outputs={names.OUTPUT_TOPIC: arn}
        )
        yield lambda subject, message: sns.publish(TopicArn=arn, Subject=subject, Message=message), target


def test_each_message_of_the_stack_is_printed_once_as_the_mail_would_read(topic, capsys):
    publish, target = topic
    inbox = Inbox(target)
    publish("Evergreen dev: ALARM", "10% of requests did not fit [bold]\nSecond line")
    publish("Evergreen dev: promoted", "Version 2")

    print_messages(inbox)
    said = capsys.readouterr().out
    assert "Subject: Evergreen dev: ALARM" in said
    assert "10% of requests did not fit [bold]\n  Second line" in said
    assert "Subject: Evergreen dev: promoted" in said

    print_messages(inbox)
    assert capsys.readouterr().out == ""


def test_a_cloud_that_does_not_answer_is_left_to_the_look_at_its_servers(capsys):
    class Silent:
        def take(self, **_options):
            raise EndpointConnectionError(endpoint_url="https://localhost")

    print_messages(Silent())

    assert capsys.readouterr().out == ""
