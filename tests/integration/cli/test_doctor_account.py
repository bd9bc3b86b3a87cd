"""What the doctor finds in an account: region, bootstrap, stack, buckets, mail."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.doctor.account import region_enabled
from cli.doctor.bootstrap import bootstrap
from cli.doctor.check import Check, SideBySide
from cli.doctor.deployment import stack_state
from cli.doctor.mail import mail
from cli.doctor.region import region, tracking

STACK_ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/evergreen-dev/1"
TOPIC = "arn:aws:sns:us-east-1:111122223333:topic"
EMPTY = {"ResourceTagMappingList": []}


def described(status, **outputs):
    stack = {
        "StackName": "evergreen-dev",
        "StackId": STACK_ID,
        "StackStatus": status,
        "CreationTime": datetime(2026, 11, 30, tzinfo=UTC),
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()],
    }
    return {"Stacks": [stack]}


def event(resource, status, reason="", *, physical="physical"):
    return {
        "StackId": STACK_ID,
        "EventId": f"{resource}-{status}",
        "StackName": "evergreen-dev",
        "LogicalResourceId": resource,
        "PhysicalResourceId": physical,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": datetime(2026, 11, 30, tzinfo=UTC),
    }


def absent(recorded):
    recorded.refuses(
        "cloudformation", "describe_stacks", "ValidationError", "Stack with id evergreen-dev does not exist"
    )


@pytest.mark.parametrize(
    ("status", "verdict", "remedy"),
    [
        ("ENABLED_BY_DEFAULT", "ok", ""),
        ("ENABLED", "ok", ""),
        ("ENABLING", "failed", "wait"),
        ("DISABLED", "failed", "aws account enable-region --region-name us-east-1"),
    ],
)
def test_a_region_must_be_enabled(recorded, plan, status, verdict, remedy):
    recorded.answers("account", "get_region_opt_status", {"RegionName": "us-east-1", "RegionOptStatus": status})

    (finding,) = region_enabled(plan, recorded)
    assert finding.status == verdict
    assert remedy in finding.remedy


def test_another_region_in_the_shell_is_a_warning_that_says_where_the_stack_goes(plan, monkeypatch):
    assert region(plan)[0].status == "ok"

    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    (finding,) = region(plan)
    assert finding.status == "warning"
    assert "goes to us-east-1" in finding.found
    assert "-c region=eu-west-1" in finding.remedy


def test_without_the_app_in_the_region_a_server_is_needed(plan, moto_server, monkeypatch):
    far = replace(plan, region="ap-east-1")
    (finding,) = tracking(far)
    assert (finding.status, finding.check) == ("failed", "MLflow")
    assert "MLFLOW_TRACKING_URI" in finding.remedy

    # That it asks for a login, or does not know the path, is an answer.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", moto_server)
    assert tracking(far)[0].status == "ok"
    for wrong in ("http://127.0.0.1:9", "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-1"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", wrong)
        assert tracking(far)[0].status == "failed"


def test_the_bootstrap_is_there_in_a_version_that_is_new_enough(recorded, plan, caller):
    recorded.answers("ssm", "get_parameter", {"Parameter": {"Value": "30"}}, Name="/cdk-bootstrap/hnb659fds/version")
    recorded.answers("cloudformation", "describe_stacks", described("UPDATE_COMPLETE"), StackName="CDKToolkit")

    (finding,) = bootstrap(plan, caller, recorded)
    assert (finding.status, finding.found) == ("ok", "version 30 in 111122223333/us-east-1")


@pytest.mark.parametrize(("version", "status"), [("5", "CREATE_COMPLETE"), ("30", "ROLLBACK_COMPLETE"), (None, None)])
def test_a_bootstrap_that_is_missing_old_or_broken_is_made_by_one_command(recorded, plan, caller, version, status):
    if version is None:
        recorded.refuses("ssm", "get_parameter", "ParameterNotFound")
    else:
        recorded.answers("ssm", "get_parameter", {"Parameter": {"Value": version}})
    if version == "30":
        recorded.answers("cloudformation", "describe_stacks", described(status))

    (finding,) = bootstrap(plan, caller, recorded)
    assert finding.status == "failed"
    assert finding.remedy == "cdk bootstrap aws://111122223333/us-east-1"


def test_a_bootstrap_whose_stack_nobody_may_look_at_counts_by_its_version(recorded, plan, caller):
    recorded.answers("ssm", "get_parameter", {"Parameter": {"Value": "30"}})
    recorded.denies("cloudformation", "describe_stacks", "cloudformation:DescribeStacks")

    assert bootstrap(plan, caller, recorded)[0].status == "ok"


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_that_is_fine_is_left_alone(recorded, plan, status):
    recorded.answers("cloudformation", "describe_stacks", described(status))

    assert [finding.status for finding in stack_state(plan, recorded)] == ["ok"]


@pytest.mark.parametrize(
    ("status", "verdict", "remedy"),
    [
        ("CREATE_IN_PROGRESS", "failed", "aws cloudformation wait stack-create-complete --stack-name evergreen-dev"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "failed", "wait stack-update-complete"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "failed", "wait stack-rollback-complete"),
        ("DELETE_IN_PROGRESS", "failed", "wait stack-delete-complete"),
        ("ROLLBACK_IN_PROGRESS", "failed", "run this again"),
        ("UPDATE_ROLLBACK_FAILED", "failed", "continue-update-rollback --stack-name evergreen-dev --region us-east-1"),
        ("UPDATE_FAILED", "failed", "cdk rollback evergreen-dev"),
        ("ROLLBACK_FAILED", "failed", "evergreen destroy -e dev"),
        ("CREATE_FAILED", "failed", "evergreen destroy -e dev"),
        ("DELETE_FAILED", "failed", "evergreen destroy -e dev"),
        ("ROLLBACK_COMPLETE", "warning", "evergreen destroy -e dev"),
        ("UPDATE_ROLLBACK_COMPLETE", "warning", "cdk deploy evergreen-dev"),
        ("REVIEW_IN_PROGRESS", "warning", "cdk deploy evergreen-dev"),
    ],
)
def test_each_state_that_is_not_fine_has_its_way_out(recorded, plan, status, verdict, remedy):
    recorded.answers("cloudformation", "describe_stacks", described(status))
    if not status.endswith("IN_PROGRESS"):
        recorded.answers("cloudformation", "describe_stack_events", {"StackEvents": []})
    if status in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"):
        recorded.answers("resourcegroupstaggingapi", "get_resources", EMPTY)

    finding, *_ = stack_state(plan, recorded)
    assert (finding.status, status in finding.found) == (verdict, True)
    assert remedy in finding.remedy


def test_the_resource_that_failed_first_in_the_newest_attempt_is_named(recorded, plan):
    newest_first = [
        event("evergreen-dev", "UPDATE_ROLLBACK_COMPLETE", physical=STACK_ID),
        event("Topic", "UPDATE_FAILED", "Resource update cancelled"),
        event("Other", "CREATE_FAILED", "Too late"),
        event("App", "CREATE_FAILED", "The role cannot be assumed."),
        event("evergreen-dev", "UPDATE_IN_PROGRESS", physical=STACK_ID),
        event("Old", "CREATE_FAILED", "Of an attempt before"),
    ]
    recorded.answers("cloudformation", "describe_stacks", described("UPDATE_ROLLBACK_COMPLETE"))
    recorded.answers("cloudformation", "describe_stack_events", {"StackEvents": newest_first})

    (finding,) = stack_state(plan, recorded)
    assert finding.found == (
        "evergreen-dev is in UPDATE_ROLLBACK_COMPLETE: App failed first, The role cannot be assumed"
    )


def test_buckets_of_an_earlier_deployment_are_named_where_there_is_no_stack(recorded, plan):
    absent(recorded)
    recorded.answers(
        "resourcegroupstaggingapi",
        "get_resources",
        {"ResourceTagMappingList": [{"ResourceARN": "arn:aws:s3:::evergreen-dev-data"}]},
        TagFilters=[{"Key": "evergreen:environment", "Values": ["dev"]}],
        ResourceTypeFilters=["s3"],
    )

    stack, buckets = stack_state(plan, recorded)
    assert (stack.status, buckets.status) == ("ok", "warning")
    assert "evergreen-dev-data" in buckets.found


def test_what_is_known_of_the_stack_is_told_even_if_buckets_may_not_be_looked_for(recorded, plan):
    absent(recorded)
    recorded.denies("resourcegroupstaggingapi", "get_resources", "tag:GetResources")

    stack, buckets = stack_state(plan, recorded)
    assert (stack.status, buckets.status) == ("ok", "skipped")
    assert "tag:GetResources" in buckets.remedy


@pytest.mark.parametrize(
    ("code", "said"), [("Throttling", "throttles DescribeStacks"), ("AccessDenied", "allow DescribeStacks to have")]
)
def test_a_call_that_is_refused_makes_its_check_a_skipped_one(recorded, plan, code, said):
    recorded.refuses("cloudformation", "describe_stacks", code)
    running = SideBySide()
    running.start(Check(name="stack", look=lambda: stack_state(plan, recorded)))

    ((_, (finding,)),) = running.ended()
    assert (finding.check, finding.status) == ("stack", "skipped")
    assert said in f"{finding.found}: {finding.remedy}"


def subscribed(recorded, **addresses):
    recorded.answers("cloudformation", "describe_stacks", described("CREATE_COMPLETE", NotificationTopic=TOPIC))
    subscriptions = [
        {
            "Protocol": "email",
            "Endpoint": f"{name}@example.com",
            "SubscriptionArn": arn,
            "TopicArn": TOPIC,
            "Owner": "x",
        }
        for name, arn in addresses.items()
    ]
    recorded.answers("sns", "list_subscriptions_by_topic", {"Subscriptions": subscriptions}, TopicArn=TOPIC)


def test_an_address_that_has_not_confirmed_is_named(recorded, plan, monkeypatch):
    monkeypatch.setenv("EVERGREEN_ALARM_EMAIL", "me@example.com")
    subscribed(recorded, me="PendingConfirmation")

    (finding,) = mail(plan, recorded)
    assert finding.status == "warning"
    assert "me@example.com has not confirmed" in finding.found
    assert "follow the link" in finding.remedy


def test_a_deployment_without_the_address_would_unsubscribe_it(recorded, plan):
    subscribed(recorded, me="arn:aws:sns:us-east-1:111122223333:topic:1")

    (finding,) = mail(plan, recorded)
    assert finding.status == "warning"
    assert finding.remedy == "EVERGREEN_ALARM_EMAIL=me@example.com cdk deploy evergreen-dev"


def test_a_confirmed_address_that_the_next_deployment_names_is_fine(recorded, plan, monkeypatch):
    monkeypatch.setenv("EVERGREEN_ALARM_EMAIL", "me@example.com")
    subscribed(recorded, me="arn:aws:sns:us-east-1:111122223333:topic:1")

    assert mail(plan, recorded)[0].status == "ok"


@pytest.mark.parametrize(("address", "verdict"), [("me@example.com", "ok"), ("", "warning")])
def test_before_the_first_deployment_it_counts_whether_there_will_be_an_address(
    recorded, plan, monkeypatch, address, verdict
):
    monkeypatch.setenv("EVERGREEN_ALARM_EMAIL", address)
    absent(recorded)

    (finding,) = mail(plan, recorded)
    assert finding.status == verdict
