"""CloudFormation's states, as AWS tells them, and what is said of each."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from cli.teardown import stack as module
from cli.teardown.stack import Stack
from evergreen.errors import CommandFailed

ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/evergreen-dev/1"
NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
def cloudformation(monkeypatch):
    monkeypatch.setattr(module, "_POLL", 0.0)
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def stack(stubber, status):
    return Stack(stubber.client, "evergreen-dev", ID, status)


def ask(stubber, **answer):
    stubber.add_response("delete_stack", answer, {"StackName": ID})


def look(stubber, status, reason="", **resources):
    """CloudFormation's answer to one look; if the deletion goes on, with the statuses of resources."""
    described = {"StackName": "evergreen-dev", "CreationTime": NOW, "StackStatus": status}
    described |= {"StackStatusReason": reason} if reason else {}
    stubber.add_response("describe_stacks", {"Stacks": [described]}, {"StackName": ID})
    if resources:
        listed = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": f"physical-{name}",
                "ResourceType": "AWS::S3::Bucket",
                "LastUpdatedTimestamp": NOW,
                "ResourceStatus": status_,
            }
            for name, status_ in resources.items()
        ]
        stubber.add_response("list_stack_resources", {"StackResourceSummaries": listed}, {"StackName": ID})


@pytest.mark.parametrize(
    "status",
    [
        *("CREATE_COMPLETE", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"),
        *("DELETE_FAILED", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"),
    ],
)
def test_a_stack_at_rest_is_deleted_whatever_became_of_it(cloudformation, status):
    ask(cloudformation)
    look(cloudformation, "DELETE_IN_PROGRESS", A="DELETE_IN_PROGRESS", B="DELETE_COMPLETE", C="CREATE_COMPLETE")
    look(cloudformation, "DELETE_COMPLETE")
    said = []

    found = stack(cloudformation, status)
    found.require_quiet()
    found.delete(said.append)

    assert said == ["2 resources left, now A"]


def test_a_deletion_that_another_run_began_is_followed(cloudformation):
    look(cloudformation, "DELETE_IN_PROGRESS", A="DELETE_IN_PROGRESS")
    look(cloudformation, "DELETE_COMPLETE")
    stack(cloudformation, "DELETE_IN_PROGRESS").delete(lambda _: None)


@pytest.mark.parametrize(
    "status",
    [
        *("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"),
        *("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_IN_PROGRESS"),
    ],
)
def test_while_a_deployment_is_under_way_nothing_is_touched(cloudformation, status):
    with pytest.raises(CommandFailed, match=f"evergreen-dev is {status}: a deployment is under way"):
        stack(cloudformation, status).require_quiet()


def test_what_the_first_request_could_not_delete_is_asked_for_again(cloudformation):
    ask(cloudformation)
    look(cloudformation, "DELETE_FAILED")
    ask(cloudformation)
    look(cloudformation, "DELETE_COMPLETE")
    stack(cloudformation, "CREATE_COMPLETE").delete(lambda _: None)


def test_what_cannot_be_deleted_is_named_with_its_newest_reason(cloudformation):
    for _ in range(2):
        ask(cloudformation)
        look(cloudformation, "DELETE_FAILED")
    cloudformation.add_response(
        "list_stack_resources",
        {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": "Log",
                    "PhysicalResourceId": "the-log",
                    "ResourceType": "AWS::Logs::LogGroup",
                    "LastUpdatedTimestamp": NOW,
                    "ResourceStatus": "DELETE_FAILED",
                }
            ]
        },
    )
    events = [
        {
            "StackId": ID,
            "EventId": reason,
            "StackName": "evergreen-dev",
            "Timestamp": NOW,
            "LogicalResourceId": "Log",
            "ResourceStatus": "DELETE_FAILED",
            "ResourceStatusReason": reason,
        }
        for reason in ("deletion protection", "an older reason")
    ]
    cloudformation.add_response("describe_stack_events", {"StackEvents": events})
    look(cloudformation, "DELETE_FAILED", "The following resource(s) failed to delete: [Log].")

    with pytest.raises(CommandFailed) as caught:
        stack(cloudformation, "CREATE_COMPLETE").delete(lambda _: None)

    assert str(caught.value).splitlines() == [
        "evergreen-dev is DELETE_FAILED: The following resource(s) failed to delete: [Log].",
        "  AWS::Logs::LogGroup Log (the-log): deletion protection",
        "Remove what is in the way, and run the command again: it goes on with what is left",
    ]


def test_a_protected_stack_is_told_with_the_command_that_takes_the_protection_away(cloudformation):
    message = f"Stack [{ID}] cannot be deleted while TerminationProtection is enabled"
    cloudformation.add_client_error("delete_stack", "ValidationError", message)
    with pytest.raises(CommandFailed, match="--no-enable-termination-protection --stack-name evergreen-dev"):
        stack(cloudformation, "CREATE_COMPLETE").delete(lambda _: None)
