"""[renewal]: what it adds to the stack and who may do what by it; without it there is nothing of it."""

import dataclasses
import json

import pytest

from evergreen import names
from evergreen.settings.sections import RenewalSettings
from tests.infrastructure import test_permissions as rules
from tests.infrastructure.conftest import ACCOUNT, differences, synthesise
from tests.infrastructure.test_permissions import TAKING_ON_A_ROLE, actions_of, granted, writers
from tests.infrastructure.test_resource_types import faults

RENEW = "Renewal/Renew/Role"
PREPARE = "Renewal/PrepareRole"
MACHINE = "Renewal/Role"
CHECK = "Monitoring/CheckDrift"


@pytest.fixture
def statements(template_with_renewal):
    return list(template_with_renewal.role_statements())


@pytest.fixture(scope="module")
def only_on_occasion(tmp_path_factory):
    """The templates of a renewal that no schedule starts."""
    renewal = dataclasses.asdict(RenewalSettings(enabled=True))
    return synthesise(tmp_path_factory.mktemp("synth"), renewal=renewal)


def test_without_renewal_nothing_in_the_template_speaks_of_it(template, template_with_server_and_email):
    # No resource, output, variable or permission: what is off costs nothing.
    for variant in (template, template_with_server_and_email):
        assert "renew" not in variant.file.read_text().lower()


def test_with_renewal_nothing_else_is_changed_than_what_must_be(template, template_with_renewal):
    found, new = differences(template, template_with_renewal)
    variables = ("Properties", "Environment", "Variables")
    assert found == {
        ("Data/Bucket/Resource", "Properties", "LifecycleConfiguration", "Rules"),
        # Only with on_new_data, as the next.
        ("Data/Bucket/Resource", "Properties", "NotificationConfiguration"),
        ("DeadLetters/Queue/Policy/Resource", "Properties", "PolicyDocument", "Statement"),
        ("Training/Lease/Function/Resource", *variables, names.LEASE_SECONDS),
        (f"{CHECK}/Function/Resource", *variables, names.RENEWAL),
        (f"{CHECK}/Function/Resource", *variables, names.RENEWAL_WORKFLOW),
        (f"{CHECK}/Role/DefaultPolicy/Resource", "Properties", "PolicyDocument", "Statement"),
        ("User/Policy/Resource", "Properties", "PolicyDocument", "Statement"),
    }
    assert all(path.startswith("Renewal/") for path in new)


def test_with_renewal_one_output_says_where_its_workflow_is(template, template_with_renewal):
    before, after = template.document["Outputs"], template_with_renewal.document["Outputs"]
    assert {name: value for name, value in after.items() if name in before} == before
    assert after.keys() - before.keys() == {names.OUTPUT_RENEWAL_WORKFLOW}


def test_which_captures_were_read_is_forgotten_with_the_rows_that_were_prepared(template, template_with_renewal):
    def expiring(found):
        lifecycle = found.properties("AWS::S3::Bucket")["Data/Bucket"]["LifecycleConfiguration"]["Rules"]
        return {rule["Prefix"]: rule["ExpirationInDays"] for rule in lifecycle if "ExpirationInDays" in rule}

    days = template.environment.expire_days
    assert expiring(template) == {names.PREPARED_PREFIX: days}
    assert expiring(template_with_renewal) == {names.PREPARED_PREFIX: days, names.CAPTURES_READ_PREFIX: days}


def test_a_lease_outlives_the_longest_renewal(template_with_renewal):
    functions = template_with_renewal.properties("AWS::Lambda::Function")
    held = int(functions["Training/Lease/Function"]["Environment"]["Variables"][names.LEASE_SECONDS])
    # Else a training could begin while the renewal's last state is still at work.
    assert held > template_with_renewal.state_machine("Renewal/StateMachine")["TimeoutSeconds"]
    assert held > template_with_renewal.state_machine()["TimeoutSeconds"]


def test_what_a_renewal_costs_at_most_is_what_its_jobs_limits_allow(template_with_renewal):
    environment = template_with_renewal.environment
    variables = template_with_renewal.properties("AWS::Lambda::Function")["Renewal/Renew/Function"]["Environment"]
    windows = RenewalSettings().windows
    longest = environment.prepare_seconds + len(windows) * environment.train_seconds
    assert int(variables["Variables"][names.RENEWAL_SECONDS]) == longest
    assert float(variables["Variables"][names.DOLLARS_PER_HOUR]) == environment.job_dollars_per_hour


def test_the_check_and_the_bookkeeping_know_the_same_settings(template_with_renewal):
    functions = template_with_renewal.properties("AWS::Lambda::Function")
    told = [
        json.loads(functions[f"{path}/Function"]["Environment"]["Variables"][names.RENEWAL])
        for path in (CHECK, "Renewal/Renew")
    ]
    assert told == 2 * [dataclasses.asdict(RenewalSettings(enabled=True, every_days=7, on_new_data=True))]


def test_only_the_bookkeeping_and_people_write_the_ledger(statements, template_with_renewal):
    ledger = f"arn:aws:s3:::models-bucket/{names.ledger_key(template_with_renewal.model)}"
    people = list(template_with_renewal.user_statements())
    assert writers([*statements, *people], ledger) == {RENEW, "people"}


def test_the_bookkeeping_writes_the_ledger_and_lists_of_captures_and_nothing_else(statements, template_with_renewal):
    assert granted(statements, RENEW, "s3:PutObject") == {
        f"arn:aws:s3:::models-bucket/{names.ledger_key(template_with_renewal.model)}",
        "arn:aws:s3:::data-bucket/captures/*",
    }
    # Which captures there are, not what is in them.
    read = {on for on in granted(statements, RENEW, "s3:GetObject") if "capture-bucket" in on}
    assert read == {"arn:aws:s3:::capture-bucket/checks/*"}
    assert {action.partition(":")[0] for action in actions_of(statements, RENEW)} == {"s3", "logs"}


def test_the_first_job_adds_to_the_data_and_changes_neither_captures_nor_models(statements):
    prefixes = ("prepared/", "dvc/files/md5/", "data/")
    writing = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
    for action in writing:
        assert granted(statements, PREPARE, action) == {f"arn:aws:s3:::data-bucket/{prefix}*" for prefix in prefixes}
    other = {action for action in actions_of(statements, PREPARE) if action.startswith("s3:")} - set(writing)
    assert other == {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"}


def test_only_a_renewals_first_job_makes_versions_of_the_data(statements):
    for key in ("data/x.manifest", "dvc/files/md5/00/11"):
        assert writers(statements, f"arn:aws:s3:::data-bucket/{key}") == {PREPARE}
    # A training's own Prepare reads no captures.
    assert not [on for on in granted(statements, "Training/PrepareRole", "s3:GetObject") if "capture" in on]


def test_only_the_check_the_schedule_and_new_data_start_a_renewal_by_themselves(statements):
    starting = {statement.who for statement in statements if "states:StartExecution" in statement.actions}
    assert starting == {f"{CHECK}/Role", "Renewal/ScheduleRole", "Renewal/NewDataRole"}


def test_the_workflow_calls_its_own_functions_and_passes_the_roles_of_its_own_jobs(statements, template_with_renewal):
    here = f"{template_with_renewal.environment.region}:{ACCOUNT}"
    called = ("training-lease", "training-judge", "training-promote", "renewal-renew")
    functions = {f"arn:aws:lambda:{here}:function:{name}-function" for name in called}
    assert granted(statements, MACHINE, "lambda:InvokeFunction") == functions
    roles = {f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("renewal-preparerole", "training-trainrole")}
    assert granted(statements, MACHINE, "iam:PassRole") == roles


def test_what_holds_for_every_grant_holds_for_those_of_renewal(statements, template_with_renewal):
    rules.test_no_grant_is_a_wildcard(statements)
    rules.test_only_actions_that_know_no_resources_are_granted_on_all(statements)
    rules.test_no_grant_holds_an_unrendered_expression(template_with_renewal)
    rules.test_only_promote_writes_the_champion_pointer(statements, template_with_renewal)
    rules.test_only_the_lease_function_writes_the_lease(statements, template_with_renewal)
    rules.test_nobody_may_delete_or_change_buckets_and_their_policies(statements)
    rules.test_only_firehose_writes_captures(statements)


def test_each_role_of_renewal_is_assumed_by_one_service_for_this_account(template_with_renewal):
    trusted = {
        path: properties["AssumeRolePolicyDocument"]["Statement"]
        for path, properties in template_with_renewal.properties("AWS::IAM::Role").items()
        if path.startswith("Renewal/")
    }
    own = {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}
    services = {PREPARE: "sagemaker", MACHINE: "states", "Renewal/ScheduleRole": "scheduler", RENEW: "lambda"}
    services["Renewal/NewDataRole"] = "events"
    assert trusted == {
        path: [
            {
                "Action": "sts:AssumeRole",
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                # AWS does not document that Lambda says for whom it acts.
                **(own if service != "lambda" else {}),
            }
        ]
        for path, service in services.items()
    }


@pytest.mark.parametrize("type_", TAKING_ON_A_ROLE)
def test_whatever_takes_on_a_role_waits_for_what_the_role_may_do(template_with_renewal, type_):
    rules.test_whatever_takes_on_a_role_when_it_is_created_waits_for_what_the_role_may_do(template_with_renewal, type_)


def test_every_grant_of_renewal_can_match(statements, template_with_renewal):
    others = (*template_with_renewal.user_statements(), *template_with_renewal.service_statements())
    assert [(each.who, found) for each in (*statements, *others) if (found := faults(each))] == []


def test_a_schedule_starts_a_renewal_and_keeps_what_it_could_not_start(template_with_renewal):
    here = f"{template_with_renewal.environment.region}:{ACCOUNT}"
    schedule = template_with_renewal.properties("AWS::Scheduler::Schedule")["Renewal/Schedule"]
    assert schedule["ScheduleExpression"] == "rate(7 days)"
    assert schedule["Target"]["Arn"] == f"arn:aws:states:{here}:stateMachine:renewal-statemachine"
    assert json.loads(schedule["Target"]["Input"]) == {"reason": "[renewal] every_days = 7"}
    assert schedule["Target"]["DeadLetterConfig"] == {"Arn": f"arn:aws:sqs:{here}:deadletters-queue"}


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_no_schedule_starts_a_renewal_without_days_between_two(only_on_occasion, environment):
    template = only_on_occasion[environment]
    assert set(template.properties("AWS::Scheduler::Schedule")) == {"Monitoring/Schedule"}
    assert "Renewal/ScheduleRole" not in template.resources("AWS::IAM::Role")
    assert "Renewal/StateMachine" in template.resources("AWS::StepFunctions::StateMachine")


def test_new_data_starts_a_renewal_and_what_it_could_not_start_is_kept(template_with_renewal):
    here = f"{template_with_renewal.environment.region}:{ACCOUNT}"
    rule = template_with_renewal.properties("AWS::Events::Rule")["Renewal/NewData"]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["data-bucket"]}, "object": {"key": [{"wildcard": "data/*.new"}]}},
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == f"arn:aws:states:{here}:stateMachine:renewal-statemachine"
    assert target["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/renewal-newdatarole"
    assert target["InputTransformer"] == {
        "InputPathsMap": {"detail-object-key": "$.detail.object.key", "time": "$.time"},
        "InputTemplate": '{"note":<detail-object-key>,"time":<time>}',
    }
    assert target["DeadLetterConfig"] == {"Arn": f"arn:aws:sqs:{here}:deadletters-queue"}
    bucket = template_with_renewal.properties("AWS::S3::Bucket")["Data/Bucket"]
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    # The construct's own way would be a function of CloudFormation's.
    types = {resource["Type"] for resource in template_with_renewal.document["Resources"].values()}
    assert "Custom::S3BucketNotifications" not in types


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_without_on_new_data_nothing_tells_of_it_or_waits_for_it(only_on_occasion, environment):
    template = only_on_occasion[environment]
    assert "NotificationConfiguration" not in template.properties("AWS::S3::Bucket")["Data/Bucket"]
    assert "Renewal/NewDataRole" not in template.resources("AWS::IAM::Role")
    assert "Renewal/NewData" not in template.resources("AWS::Events::Rule")
    machine = json.dumps(template.state_machine("Renewal/StateMachine"))
    assert "Table" not in machine
    assert "$new_data" not in machine


def test_a_renewal_that_ends_without_a_word_gives_the_lease_back_and_is_told(template_with_renewal):
    here = f"{template_with_renewal.environment.region}:{ACCOUNT}"
    events = template_with_renewal.properties("AWS::Events::Rule")
    ended, silently = events["Renewal/Ends/RenewalEnded"], events["Renewal/Ends/RenewalEndedSilently"]
    for rule in (ended, silently):
        machine = f"arn:aws:states:{here}:stateMachine:renewal-statemachine"
        assert rule["EventPattern"]["detail"]["stateMachineArn"] == [machine]
    (target,) = ended["Targets"]
    assert target["Arn"] == f"arn:aws:lambda:{here}:function:training-lease-function"
    (target,) = silently["Targets"]
    assert target["Arn"] == f"arn:aws:sns:{here}:notifications-topic"
    told = target["InputTransformer"]["InputTemplate"]
    assert "renewal <detail-name> ended as <detail-status>" in told
    assert f"evergreen renew -e {template_with_renewal.environment.name}" in told


def test_every_log_of_renewal_expires_when_the_environment_says(template_with_renewal):
    groups = template_with_renewal.properties("AWS::Logs::LogGroup")
    days = {path: found["RetentionInDays"] for path, found in groups.items() if path.startswith("Renewal/")}
    assert days == dict.fromkeys(("Renewal/Log", "Renewal/Renew/Log"), template_with_renewal.environment.retention_days)
    # Step Functions can write to few groups beside those of this prefix.
    assert groups["Renewal/Log"]["LogGroupName"].startswith("/aws/vendedlogs/states/")
