"""The state machine is valid, its tasks are retried and caught, and a failure says what went wrong."""

import pytest

from evergreen import names
from infra.environments import ENVIRONMENTS
from infra.training.addresses import Addresses
from infra.training.states import definition

HERE = "us-east-1:111122223333"


def plain_definition(environment):
    return definition(
        Addresses(
            environment=environment.name,
            model_name="prices",
            image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
            source_uri="s3://assets/0123456789abcdef.gz",
            prepare_source_uri="s3://assets/0123456789abcdef.gz",
            features=False,
            data_bucket="data-bucket",
            model_bucket="model-bucket",
            prepare_role="arn:aws:iam::111122223333:role/prepare",
            train_role="arn:aws:iam::111122223333:role/train",
            lease_function=f"arn:aws:lambda:{HERE}:function:lease",
            judge_function=f"arn:aws:lambda:{HERE}:function:judge",
            promote_function=f"arn:aws:lambda:{HERE}:function:promote",
            topic=f"arn:aws:sns:{HERE}:notifications",
            chat=False,
            tracking={},
            region="us-east-1",
            job_instance=environment.job_instance,
            prepare_seconds=environment.prepare_seconds,
            train_seconds=environment.train_seconds,
        )
    )


def test_the_validator_finds_a_fault(faults_of, template):
    broken = template.state_machine()
    broken["States"]["Prepare"]["Next"] = "Nowhere"
    assert "Nowhere" in faults_of(broken)
    broken = template.state_machine()
    broken["States"]["Train"]["ResultPath"] = "$.result"  # JSONPath has no place in a JSONata state
    assert faults_of(broken)


def test_the_synthesised_definition_is_valid(faults_of, template):
    assert faults_of(template.state_machine()) == ""


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_the_definition_is_valid_with_plain_addresses(faults_of, environment):
    assert faults_of(plain_definition(environment)) == ""


def test_an_execution_may_last_as_long_as_both_of_its_jobs(template):
    machine = template.state_machine()
    limits = [
        machine["States"][state]["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"]
        for state in ("Prepare", "Train")
    ]
    assert limits == [template.environment.prepare_seconds, template.environment.train_seconds]
    judge = template.properties("AWS::Lambda::Function")["Training/Judge/Function"]["Timeout"]
    assert machine["TimeoutSeconds"] > sum(limits) + judge


def test_a_lease_outlives_the_longest_execution(template):
    variables = template.properties("AWS::Lambda::Function")["Training/Lease/Function"]["Environment"]["Variables"]
    # Else a second run could begin while the first one's last state is still at work.
    assert int(variables[names.LEASE_SECONDS]) > template.state_machine()["TimeoutSeconds"]


def test_the_execution_log_holds_all_events(template):
    machine = template.only("AWS::StepFunctions::StateMachine")
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    group = template.properties("AWS::Logs::LogGroup")["Training/Log"]["LogGroupName"]
    # Step Functions can write to few groups beside those of this prefix.
    assert group.startswith("/aws/vendedlogs/states/")


def tasks(template):
    states = template.state_machine()["States"]
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


WORK = ("Acquire", "Prepare", "Train", "Judge", "Promote")


def test_every_task_is_caught_and_leads_to_the_notification_and_then_to_the_release(template):
    found = tasks(template)
    assert set(found) == {*WORK, "ReadFailure", "NotifyDecision", "NotifyFailure", "Release"}
    for state in found.values():
        (catch,) = state["Catch"]
        assert catch["ErrorEquals"] == ["States.ALL"]
    after = {name: found[name]["Catch"][0]["Next"] for name in (*WORK, "ReadFailure")}
    assert after == {**dict.fromkeys(after, "ExplainFailure"), "Train": "ReadFailure"}
    assert found["ReadFailure"]["Next"] == "ExplainFailure"
    assert template.state_machine()["States"]["ExplainFailure"]["Next"] == "NotifyFailure"
    for name in ("NotifyDecision", "NotifyFailure"):
        assert found[name]["Next"] == "Release"


def test_what_cannot_be_announced_or_given_back_changes_no_outcome(template):
    found = tasks(template)
    for name, next_ in {"NotifyDecision": "Release", "NotifyFailure": "Release", "Release": "HowItEnded"}.items():
        (catch,) = found[name]["Catch"]
        assert catch["Next"] == next_
        # The failure of the work itself must not be overwritten by that of its announcement.
        assert "Assign" not in catch


def ways(states, name, way=()):
    """Every way from a state to an end."""
    state = states[name]
    if state["Type"] in ("Succeed", "Fail"):
        yield (*way, name)
        return
    catches = [catch["Next"] for catch in state.get("Catch", [])]
    choices = [choice["Next"] for choice in state.get("Choices", [])]
    # One that waits and asks again has been there before.
    for next_ in {*catches, *choices, *filter(None, (state.get("Next"), state.get("Default")))} - {*way, name}:
        yield from ways(states, next_, (*way, name))


def test_every_way_through_the_machine_gives_the_lease_back(template):
    states = template.state_machine()["States"]
    found = list(ways(states, "NameVersion"))
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}
    assert {way[-1] for way in found} == ends == {"Promoted", "KeepChampion", "Failed"}
    for way in found:
        assert way.count("Release") == 1, way
        assert ("NotifyFailure" in way) or ("NotifyDecision" in way), way
        assert way.index("Acquire") < way.index("Release")


def test_no_job_starts_before_the_lease_is_held(template):
    states = template.state_machine()["States"]
    assert (states["NameVersion"]["Next"], states["Acquire"]["Next"]) == ("Acquire", "Prepare")


def test_the_services_own_errors_are_retried_and_later_each_time(template):
    for name, state in tasks(template).items():
        for retry in state["Retry"]:
            assert retry["MaxAttempts"] >= 3, name
            assert retry["BackoffRate"] > 1, name
    for name in ("Prepare", "Train"):
        assert "SageMaker.ThrottlingException" in tasks(template)[name]["Retry"][0]["ErrorEquals"]
    for name in ("Acquire", "Judge", "Promote", "Release"):
        # https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
        assert {
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
        } <= set(tasks(template)[name]["Retry"][0]["ErrorEquals"])


def test_what_failed_by_its_own_code_is_not_run_again(template):
    for name in (*WORK, "Release"):
        for retry in tasks(template)[name]["Retry"]:
            assert not {"States.ALL", "States.TaskFailed", "States.Timeout"} & set(retry["ErrorEquals"])


def test_a_denied_or_wrong_request_is_told_within_half_a_minute(template):
    # Step Functions has no name of its own for them: they come as the service's exception.
    for name in ("Prepare", "Train"):
        (retry,) = [
            retry
            for retry in tasks(template)[name]["Retry"]
            if "SageMaker.AmazonSageMakerException" in retry["ErrorEquals"]
        ]
        waits = [retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt for attempt in range(retry["MaxAttempts"])]
        assert sum(waits) <= 30
