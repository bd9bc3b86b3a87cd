"""Alarms and silent ends reach a person."""

import dataclasses

import pytest
from aws_cdk import App

from evergreen import names
from infra.environments import ENVIRONMENTS
from infra.stacks import EvergreenStack
from local.services.metric_math import Condition
from tests.infrastructure.conftest import deployment_to

TOPIC = "AWS::SNS::Topic"


@pytest.fixture
def topic(template):
    (path,) = template.resources(TOPIC)
    return f"arn:aws:sns:{template.environment.region}:111122223333:{path.replace('/', '-').lower()}"


def test_the_topic_has_no_key_that_would_keep_cloudwatch_out(template):
    assert "KmsMasterKeyId" not in template.only(TOPIC)


def test_the_topic_refuses_plain_http(template, topic):
    policy = template.only("AWS::SNS::TopicPolicy")
    assert policy["Topics"] == [topic]
    (denied,) = [entry for entry in policy["PolicyDocument"]["Statement"] if entry["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (denied["Principal"], denied["Action"], denied["Resource"]) == ("*", "sns:Publish", topic)


def test_cloudwatch_and_eventbridge_may_publish_and_no_other_service(template, topic):
    statements = [entry for entry in template.service_statements() if entry.resources == (topic,)]
    assert {entry.actions for entry in statements} == {("sns:Publish",)}
    assert {entry.who for entry in statements} == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}


def test_cloudwatch_may_publish_for_this_account_only(template):
    (statement,) = [entry for entry in template.service_statements() if entry.who == "cloudwatch.amazonaws.com"]
    assert statement.conditions == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_nobody_is_subscribed_unless_an_address_is_given(template, template_with_server_and_email, topic):
    assert template.resources("AWS::SNS::Subscription") == {}
    subscription = template_with_server_and_email.only("AWS::SNS::Subscription")
    assert subscription == {"Protocol": "email", "Endpoint": "someone@example.com", "TopicArn": topic}


@pytest.fixture
def alarms(template):
    """The alarms by their name, without the stack's."""
    prefix = names.stack_name(template.environment.name) + " "
    found = template.properties("AWS::CloudWatch::Alarm").values()
    # The name is the subject of the message: a person must see which environment it is about.
    assert all(alarm["AlarmName"].startswith(prefix) for alarm in found)
    return {alarm["AlarmName"].removeprefix(prefix): alarm for alarm in found}


# Written by AWS itself.
OF_REQUESTS = {"crashed requests", "throttled requests", "gateway errors"}
OF_SERVICES = {"capture refused", "capture missing", "capture late", "work left undone", *OF_REQUESTS}
PATIENT = {"capture missing", "champion not looked at"}
OF_ENOUGH_REQUESTS = {names.ALARM_REJECTED, names.ALARM_LATENCY}
OF_CHECKS = {names.ALARM_DRIFT, names.ALARM_QUALITY, names.ALARM_BROKEN_INPUT}


def test_alarms_watch_the_metrics_that_the_functions_write(alarms):
    watched = {
        alarm["MetricName"]: (alarm["Statistic"], alarm["Threshold"])
        for name, alarm in alarms.items()
        if name not in (*OF_SERVICES, *OF_ENOUGH_REQUESTS)
    }
    assert watched == {
        names.PREDICTION_ERRORS: ("Sum", 0),
        names.DRIFT_DETECTED: ("Maximum", 0),
        names.QUALITY_FELL: ("Maximum", 0),
        names.BROKEN_INPUT: ("Maximum", 0),
        # One look at the champion that went well is a 0.
        names.CHAMPION_REFRESH_FAILURES: ("Minimum", 0),
    }


def test_what_the_function_does_not_live_to_count_is_counted_by_aws(alarms):
    def watched(name):
        alarm = alarms[name]
        (dimension,) = alarm["Dimensions"]
        where = alarm["Namespace"], alarm["MetricName"], tuple(dimension.values())
        return (*where, alarm["Statistic"], alarm["Threshold"])

    function, api = ("FunctionName", "prediction-predict-function"), ("ApiId", "prediction-api")
    assert {watched(name) for name in OF_REQUESTS} == {
        ("AWS/Lambda", "Errors", function, "Sum", 0),
        ("AWS/Lambda", "Throttles", function, "Sum", 0),
        ("AWS/ApiGateway", "5xx", api, "Sum", 0),
    }


def test_a_share_or_a_percentile_of_a_few_requests_raises_no_alarm(alarms, template):
    settings = template.settings.alarms
    for name, metric, statistic, threshold in (
        (names.ALARM_REJECTED, names.REJECTED_REQUESTS, "Average", settings.rejected_share),
        (names.ALARM_LATENCY, names.PREDICTION_DURATION, "p99", settings.latency_p99_ms),
    ):
        alarm = alarms[name]
        (expression,) = [item for item in alarm["Metrics"] if "Expression" in item]
        by_id = {item["Id"]: item["MetricStat"] for item in alarm["Metrics"] if "MetricStat" in item}
        assert expression["Expression"] == f"IF(requests >= {settings.minimum_requests}, value, 0)"
        assert not any(item.get("ReturnData", True) for item in alarm["Metrics"] if item is not expression)
        assert {id_: (stat["Metric"]["MetricName"], stat["Stat"]) for id_, stat in by_id.items()} == {
            "value": (metric, statistic),
            "requests": (metric, "SampleCount"),
        }
        assert alarm["Threshold"] == threshold
        assert f"of at least {settings.minimum_requests} " in alarm["AlarmDescription"]
        # The embedded cloud knows this form.
        assert Condition.parse(expression["Expression"]).least == settings.minimum_requests


def test_alarms_look_where_the_metrics_are(alarms, template):
    for name, alarm in alarms.items():
        if name != "capture missing":
            assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
            assert alarm["EvaluationPeriods"] == 1
        watched = [
            (item["MetricStat"]["Metric"], item["MetricStat"]["Period"])
            for item in alarm.get("Metrics", [])
            if "MetricStat" in item
        ] or [(alarm, alarm["Period"])]
        for metric, period in watched:
            assert period == (900 if name in PATIENT else 300)
            if name not in OF_SERVICES:
                service = names.MONITORING_SERVICE if name in OF_CHECKS else names.METRIC_SERVICE
                assert metric["Namespace"] == names.metric_namespace(template.environment.name)
                assert metric["Dimensions"] == [{"Name": "service", "Value": service}]


def test_silence_is_health_for_requests_and_no_news_between_two_checks(alarms):
    for name, alarm in alarms.items():
        assert alarm["TreatMissingData"] == ("ignore" if name in OF_CHECKS else "notBreaching"), name


def test_predictions_without_any_record_raise_an_alarm_whatever_aws_calls_its_errors(alarms):
    alarm = alarms["capture missing"]
    (expression,) = [item for item in alarm["Metrics"] if "Expression" in item]
    metrics = {item["Id"]: item["MetricStat"] for item in alarm["Metrics"] if "MetricStat" in item}
    # Half of the requests are recorded: of 28, none is with a probability of 4e-9.
    condition = Condition.parse(expression["Expression"])
    assert (condition.least, condition.otherwise) == (28, 1)
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("LessThanThreshold", 1, 2)
    assert condition.value({"requests": 28, "value": None}) < 1 <= condition.value({"requests": 27, "value": None})
    assert metrics["requests"]["Metric"]["MetricName"] == names.PREDICTION_DURATION
    incoming = metrics["value"]["Metric"]
    late = alarms["capture late"]["Dimensions"]
    assert (incoming["Namespace"], incoming["MetricName"], incoming["Dimensions"]) == (
        "AWS/Firehose",
        "IncomingRecords",
        late,
    )


def test_where_nothing_is_recorded_nothing_is_missed(tmp_path):
    settings = dataclasses.replace(deployment_to(ENVIRONMENTS[0]).settings, log_sample=0.0)
    app = App(outdir=str(tmp_path))
    EvergreenStack(app, deployment_to(ENVIRONMENTS[0], settings=settings))
    app.synth()
    assert "capture missing" not in (tmp_path / "evergreen-dev.template.json").read_text()


def test_what_is_not_captured_raises_an_alarm(alarms, template):
    refused, late = alarms["capture refused"], alarms["capture late"]
    (subscription,) = [
        found
        for found in template.properties("AWS::Logs::SubscriptionFilter").values()
        if found["FilterName"] == names.RECORD_PREDICT
    ]
    assert (refused["Namespace"], refused["MetricName"]) == ("AWS/Logs", "DeliveryErrors")
    assert {item["Name"]: item["Value"] for item in refused["Dimensions"]} == {
        "LogGroupName": subscription["LogGroupName"],
        "DestinationType": "Firehose",
        "FilterName": subscription["FilterName"],
    }
    stream = subscription["DestinationArn"].rpartition("/")[2]
    assert (late["Namespace"], late["MetricName"]) == ("AWS/Firehose", "DeliveryToS3.DataFreshness")
    assert late["Dimensions"] == [{"Name": "DeliveryStreamName", "Value": stream}]


def test_alarms_have_themselves_told_when_they_fire_and_when_they_are_over(alarms, template, topic):
    notify = f"arn:aws:lambda:{template.environment.region}:111122223333:function:notifier-notify-function"
    for name, alarm in alarms.items():
        # What could not be told may be why this one fires.
        expected = topic if name == "work left undone" else notify
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([expected], [expected])
        assert alarm["AlarmDescription"].rstrip("0123456789abcdefghijklmnopqrstuvwxyz -").endswith((".", ":"))


def test_the_alarms_of_this_stack_may_invoke_the_notifier_and_nothing_else_may(template):
    (permission,) = [
        permission
        for permission in template.properties("AWS::Lambda::Permission").values()
        if permission["FunctionName"].endswith("notifier-notify-function")
    ]
    assert permission["Principal"] == "lambda.alarms.cloudwatch.amazonaws.com"
    assert permission["SourceAccount"] == "111122223333"
    here = f"{template.environment.region}:111122223333"
    assert permission["SourceArn"] == f"arn:aws:cloudwatch:{here}:alarm:evergreen-{template.environment.name} *"


@pytest.fixture
def silent_ends(template):
    """The rule for executions that reach no state which would tell of their end."""
    return template.properties("AWS::Events::Rule")["Ends/TrainingEndedSilently"]


def test_a_training_that_ends_where_no_state_can_tell_is_told_by_eventbridge(template, silent_ends, topic):
    (path,) = template.resources("AWS::StepFunctions::StateMachine")
    machine = f"arn:aws:states:{template.environment.region}:111122223333:stateMachine:{path.replace('/', '-').lower()}"
    assert silent_ends["State"] == "ENABLED"
    assert silent_ends["EventPattern"]["detail-type"] == ["Step Functions Execution Status Change"]
    detail = silent_ends["EventPattern"]["detail"]
    assert detail["stateMachineArn"] == [machine]
    # Most of FAILED is not among them: a failed state notifies by itself, and twice is once too often.
    uncaught = ["States.Runtime", "States.DataLimitExceeded", "States.QueryEvaluationError"]
    # The published schema of the event has no error: without one, people are told.
    unknown = [{"exists": False}, None]
    assert detail["$or"] == [
        {"status": ["ABORTED", "TIMED_OUT"]},
        {"status": ["FAILED"], "error": [*uncaught, *unknown]},
    ]
    (target,) = [target for target in silent_ends["Targets"] if target["Arn"] == topic]
    transformer = target["InputTransformer"]
    assert set(transformer["InputPathsMap"].values()) == {"$.detail.name", "$.detail.status"}
    for variable in transformer["InputPathsMap"]:
        assert f"<{variable}>" in transformer["InputTemplate"]
    assert template.environment.name in transformer["InputTemplate"]


def test_every_training_that_has_not_succeeded_gives_its_lease_back_whatever_its_event_says_of_errors(template):
    ends = template.properties("AWS::Events::Rule")["Ends/TrainingEnded"]
    assert ends["EventPattern"]["detail"].keys() == {"stateMachineArn", "status"}
    assert set(ends["EventPattern"]["detail"]["status"]) == {"FAILED", "ABORTED", "TIMED_OUT"}
    lease = f"arn:aws:lambda:{template.environment.region}:111122223333:function:training-lease-function"
    (target,) = [target for target in ends["Targets"] if target["Arn"] == lease]
    ((variable, path),) = target["InputTransformer"]["InputPathsMap"].items()
    assert path == "$.detail.executionArn"
    assert target["InputTransformer"]["InputTemplate"] == f'{{"action":"release","execution":<{variable}>}}'


def test_in_the_form_of_chat_tools_no_message_is_plain_text(template_for_chat):
    variables = template_for_chat.properties("AWS::Lambda::Function")["Notifier/Notify/Function"]["Environment"]
    assert variables["Variables"][names.MESSAGE_FORMAT] == names.FORMAT_CHAT
    failed = template_for_chat.state_machine()["States"]["NotifyFailure"]["Arguments"]["Message"]
    assert "'source': 'custom'" in failed
    (template,) = [
        target["InputTransformer"]["InputTemplate"]
        for rule in template_for_chat.properties("AWS::Events::Rule").values()
        for target in rule["Targets"]
        if ":sns:" in target["Arn"]
    ]
    assert '"source":"custom"' in template
