"""Alarms and silent ends reach a person."""

import pytest

from evergreen import names

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


def test_alarms_watch_the_metrics_that_the_predict_function_writes(template):
    settings = template.settings.alarms
    watched = {
        alarm["MetricName"]: (alarm.get("Statistic") or alarm["ExtendedStatistic"], alarm["Threshold"])
        for alarm in template.properties("AWS::CloudWatch::Alarm").values()
    }
    assert watched == {
        names.PREDICTION_ERRORS: ("Sum", 0),
        names.REJECTED_REQUESTS: ("Average", settings.rejected_share),
        names.PREDICTION_DURATION: ("p99", settings.latency_p99_ms),
    }


def test_alarms_look_where_the_metrics_are_and_take_silence_for_health(template):
    for alarm in template.properties("AWS::CloudWatch::Alarm").values():
        assert alarm["Namespace"] == names.metric_namespace(template.environment.name)
        assert alarm["Dimensions"] == [{"Name": "service", "Value": names.METRIC_SERVICE}]
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (300, 1)
        assert alarm["TreatMissingData"] == "notBreaching"


def test_alarms_notify_when_they_fire_and_when_they_are_over(template, topic):
    for alarm in template.properties("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == [topic]
        assert alarm["OKActions"] == [topic]
        assert alarm["AlarmDescription"].endswith(".")
        # The name is the subject of the message: a person must see which environment it is about.
        assert alarm["AlarmName"].startswith(names.stack_name(template.environment.name))


def test_an_aborted_or_timed_out_training_notifies_by_eventbridge(template, topic):
    (path,) = template.resources("AWS::StepFunctions::StateMachine")
    (rule,) = [
        properties
        for properties in template.properties("AWS::Events::Rule").values()
        if properties["EventPattern"]["source"] == ["aws.states"]
    ]
    machine = f"arn:aws:states:{template.environment.region}:111122223333:stateMachine:{path.replace('/', '-').lower()}"
    assert rule["State"] == "ENABLED"
    assert rule["EventPattern"]["detail-type"] == ["Step Functions Execution Status Change"]
    # FAILED is not among them: a failed state notifies by itself, and twice is once too often.
    assert rule["EventPattern"]["detail"] == {"stateMachineArn": [machine], "status": ["ABORTED", "TIMED_OUT"]}
    (target,) = rule["Targets"]
    assert target["Arn"] == topic
    transformer = target["InputTransformer"]
    assert set(transformer["InputPathsMap"].values()) == {"$.detail.name", "$.detail.status"}
    for variable in transformer["InputPathsMap"]:
        assert f"<{variable}>" in transformer["InputTemplate"]
    assert template.environment.name in transformer["InputTemplate"]
