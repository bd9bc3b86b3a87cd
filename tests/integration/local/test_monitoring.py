"""From a log line to a metric, an alarm and a message."""

import json
import time
from dataclasses import dataclass

import pytest

from local.services.alarms import next_state
from local.services.embedded_metrics import metric_data
from local.services.metric_math import Condition
from tests.integration.account import Account

_PRINT_EVENT = "import json\ndef handle(event, context):\n    print(json.dumps(event))"


def emf(namespace, value, **dimensions):
    return {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": namespace,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": "DriftShare", "Unit": "None"}, {"Name": "Latency", "Unit": "Milliseconds"}],
                }
            ],
        },
        "DriftShare": value,
        "Latency": [1, 3],
        **dimensions,
    }


@pytest.fixture
def topic(aws):
    """ARN of an encrypted topic that alarms and rules may publish to, and the address of a queue subscribed to it."""
    sns, sqs, kms = aws.client("sns"), aws.client("sqs"), aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    arn = sns.create_topic(Name=aws.name("alerts"), Attributes={"KmsMasterKeyId": key})["TopicArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}},
    }
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [allow, tls_only]}
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
    queue = sqs.create_queue(QueueName=aws.name("inbox"))["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    receive = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [{**receive, "Resource": queue_arn}]})}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    return arn, queue


@pytest.fixture
def next_message(aws):
    def receive(queue):
        received = aws.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=15)["Messages"][0]
        aws.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
        return json.loads(received["Body"])["Message"]

    return receive


def put_alarm(aws, **settings):
    """An alarm that looks at one period of the largest value."""
    aws.client("cloudwatch").put_metric_alarm(
        **{
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            **settings,
        }
    )


def drift_alarm(aws, **settings):
    """An alarm of a drift share above 0.3."""
    put_alarm(aws, **{"MetricName": "DriftShare", "Threshold": 0.3, **settings})


def test_a_metric_in_a_log_line_raises_an_alarm_that_reaches_a_queue(aws, topic, next_message):
    arn, queue = topic
    namespace = aws.name("Evergreen")
    drift_alarm(
        aws,
        AlarmName=aws.name("drift"),
        Namespace=namespace,
        Dimensions=[{"Name": "Model", "Value": "houses"}],
        AlarmActions=[arn],
    )
    function = aws.function(_PRINT_EVENT)
    aws.invoke(function, emf(namespace, 0.9, Model="cars"))
    aws.invoke(function, emf(namespace, 0.4, Model="houses"))
    message = json.loads(next_message(queue))
    assert message["NewStateValue"] == "ALARM"
    assert "0.4" in message["NewStateReason"]  # not the other model's 0.9


def test_an_alarm_returns_to_ok_when_its_data_run_out(aws, topic, next_message):
    arn, queue = topic
    namespace, name = aws.name("Evergreen"), aws.name("drift")
    drift_alarm(
        aws,
        AlarmName=name,
        Namespace=namespace,
        Period=1,
        AlarmActions=[arn],
        OKActions=[arn],
    )
    states = [json.loads(next_message(queue))["NewStateValue"]]
    aws.client("cloudwatch").put_metric_data(
        Namespace=namespace, MetricData=[{"MetricName": "DriftShare", "Value": 1.0}]
    )
    states += [json.loads(next_message(queue))["NewStateValue"] for _ in range(2)]
    assert states == ["OK", "ALARM", "OK"]


def test_an_alarm_of_another_region_returns_to_ok_as_well(aws, eventually):
    elsewhere, namespace, name = Account(aws.cloud, region="eu-central-1"), aws.name("Evergreen"), aws.name("drift")
    cloudwatch = elsewhere.client("cloudwatch")
    drift_alarm(elsewhere, AlarmName=name, Namespace=namespace, Period=1)
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "DriftShare", "Value": 1.0}])
    state = lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]  # noqa: E731
    assert state() == "ALARM"
    assert eventually(lambda: state() == "OK")


@pytest.mark.parametrize(("ago", "state"), [(2, "ALARM"), (4, "OK")])
def test_where_the_newest_period_has_no_data_one_of_the_two_before_it_is_judged(aws, topic, next_message, ago, state):
    """Put before the alarm, since CloudWatch keeps a metric that no alarm watches yet."""
    arn, queue = topic
    namespace, period = aws.name("Evergreen"), 60
    old = {"MetricName": "DriftShare", "Value": 1.0, "Timestamp": time.time() - (ago - 0.5) * period}
    aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[old])
    actions = {"AlarmActions": [arn], "OKActions": [arn]}
    drift_alarm(aws, AlarmName=aws.name("drift"), Namespace=namespace, Period=period, **actions)
    assert json.loads(next_message(queue))["NewStateValue"] == state


def test_a_failed_execution_reaches_a_queue_by_a_rule_with_a_transformed_message(aws, topic, next_message):
    arn, queue = topic
    states = {"Start": {"Type": "Fail", "Error": "NoRows", "Cause": "empty"}}
    machine = aws.client("stepfunctions").create_state_machine(
        name=aws.name("machine"),
        definition=json.dumps({"StartAt": "Start", "States": states}),
        roleArn=aws.role(),
    )["stateMachineArn"]
    events, rule = aws.client("events"), aws.name("failed")
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"], "stateMachineArn": [machine]},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    transformer = {
        "InputPathsMap": {"name": "$.detail.name", "status": "$.detail.status"},
        "InputTemplate": '"Execution <name> is <status>"',
    }
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn, "InputTransformer": transformer}])
    aws.client("stepfunctions").start_execution(stateMachineArn=machine, name="run-7")
    assert next_message(queue).strip('"') == "Execution run-7 is FAILED"


def test_executions_count_in_the_metrics_of_step_functions(aws, eventually):
    states = {"Start": {"Type": "Fail", "Error": "NoRows"}}
    machine = aws.client("stepfunctions").create_state_machine(
        name=aws.name("machine"), definition=json.dumps({"StartAt": "Start", "States": states}), roleArn=aws.role()
    )["stateMachineArn"]
    aws.client("stepfunctions").start_execution(stateMachineArn=machine)
    listed = lambda: aws.client("cloudwatch").list_metrics(  # noqa: E731
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
    )["Metrics"]
    assert len(eventually(listed)) == 1


def test_an_alarm_invokes_a_function_with_the_event_that_cloudwatch_sends(aws, eventually):
    function, namespace, name = aws.function(_PRINT_EVENT), aws.name("Evergreen"), aws.name("drift")
    arn = aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    drift_alarm(
        aws,
        AlarmName=name,
        AlarmDescription="Too many features have drifted.",
        Namespace=namespace,
        TreatMissingData="ignore",
        AlarmActions=[arn],
    )
    aws.client("cloudwatch").put_metric_data(
        Namespace=namespace, MetricData=[{"MetricName": "DriftShare", "Value": 0.5}]
    )
    group = f"/aws/lambda/{function}"
    printed = lambda: [json.loads(line) for line in messages(aws, group) if '"alarmData"' in line]  # noqa: E731
    (event,) = eventually(printed)
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmArn"].endswith(f":alarm:{name}")
    data = event["alarmData"]
    assert (data["alarmName"], data["state"]["value"]) == (name, "ALARM")
    assert data["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert data["configuration"]["description"] == "Too many features have drifted."
    assert "was greater than the threshold (0.3)" in data["state"]["reason"]


def messages(aws, group):
    """The lines of a log group, which is there once something has been written."""
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return aws.messages(group) if groups else []


@dataclass(frozen=True)
class AlarmOfEnough:
    """An alarm on a statistic of at least 20 requests, from a template."""

    aws: Account
    name: str
    statistic: str

    @property
    def metric(self):
        dimensions = [{"Name": "service", "Value": "predict"}]
        return {"Namespace": self.name, "MetricName": "Requests", "Dimensions": dimensions}

    def deploy(self, verb, threshold):
        stats = {"value": self.statistic, "requests": "SampleCount"}
        properties = {
            "AlarmName": self.name,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "TreatMissingData": "notBreaching",
            "Metrics": [
                {"Id": "share", "Expression": "IF(requests >= 20, value, 0)"},
                *(
                    {"Id": id_, "MetricStat": {"Metric": self.metric, "Period": 300, "Stat": stat}, "ReturnData": False}
                    for id_, stat in stats.items()
                ),
            ],
        }
        resources = {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}
        formation = self.aws.client("cloudformation")
        getattr(formation, f"{verb}_stack")(StackName=self.name, TemplateBody=json.dumps({"Resources": resources}))
        waiter = formation.get_waiter(f"stack_{verb}_complete")
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    def record(self, *values):
        """A value for each request; the alarm is evaluated at once."""
        data = {"MetricName": "Requests", "Dimensions": self.metric["Dimensions"], "Values": values}
        self.aws.client("cloudwatch").put_metric_data(Namespace=self.name, MetricData=[data])

    def states(self):
        """All that it has been in, the newest last."""
        items = self.aws.client("cloudwatch").describe_alarm_history(AlarmName=self.name)["AlarmHistoryItems"]
        return [item["HistorySummary"].rpartition(" ")[2] for item in reversed(items)]


@pytest.fixture
def alarm_of_enough(aws):
    def deploy(statistic, threshold):
        alarm = AlarmOfEnough(aws, aws.name("enough"), statistic)
        alarm.deploy("create", threshold)
        return alarm

    return deploy


@pytest.fixture
def rejected(alarm_of_enough):
    """An alarm on the share of rejected requests, 1 each, above a tenth."""
    return alarm_of_enough("Average", 0.1)


@pytest.fixture
def latency(alarm_of_enough):
    """An alarm on the slowest request in a hundred, above 500 ms."""
    return alarm_of_enough("p99", 500.0)


def test_a_rejected_request_among_six_raises_no_alarm(rejected):
    rejected.record(1.0, *[0.0] * 5)
    assert "ALARM" not in rejected.states()


def test_more_than_the_share_of_thirty_rejected_requests_raise_an_alarm(rejected):
    rejected.record(*[1.0] * 3, *[0.0] * 26)
    assert rejected.states()[-1] == "ALARM"


def test_the_share_itself_raises_no_alarm(rejected):
    rejected.record(*[1.0] * 3, *[0.0] * 27)
    assert "ALARM" not in rejected.states()


def test_the_request_that_completes_the_number_counts(rejected):
    rejected.record(*[1.0] * 19)
    assert "ALARM" not in rejected.states()
    rejected.record(1.0)
    assert rejected.states()[-1] == "ALARM"


def test_a_slow_request_among_six_raises_no_alarm_and_slow_ones_among_thirty_do(latency):
    latency.record(2000.0, *[20.0] * 5)
    assert "ALARM" not in latency.states()
    latency.record(2000.0, *[20.0] * 23)
    assert latency.states()[-1] == "ALARM"


def test_a_new_deployment_does_not_judge_a_few_requests_either(rejected):
    rejected.record(1.0, *[0.0] * 5)
    rejected.deploy("update", 0.15)
    assert "ALARM" not in rejected.states()


@pytest.mark.parametrize(
    ("requests", "share", "value"), [(None, None, None), (19.0, 0.9, 0.0), (20.0, 0.9, 0.9), (20.0, None, 0.0)]
)
def test_metric_math_without_data_is_what_the_reference_says(requests, share, value):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, "Using IF expressions"."""
    condition = Condition.parse("IF(requests >= 20, share, 0)")
    assert condition.value({"requests": requests, "share": share}) == value


def test_metric_math_of_another_form_is_refused_in_a_template():
    with pytest.raises(ValueError, match="not known here"):
        Condition.parse("errors / requests")


def test_a_queue_of_failures_raises_the_alarm_that_sqs_itself_feeds(aws, topic, next_message):
    arn, queue = topic
    name = aws.name("dead-letters")
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    put_alarm(
        aws,
        AlarmName=aws.name("undone"),
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": name}],
        Threshold=0,
        AlarmActions=[arn],
    )
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="failed")
    assert json.loads(next_message(queue))["NewStateValue"] == "ALARM"


def test_a_function_of_a_template_keeps_its_queue_of_failures(aws, eventually):
    formation, name = aws.client("cloudformation"), aws.name("worker")
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.12",
                "Handler": "index.handle",
                "Role": aws.role(),
                "Code": {"ZipFile": "def handle(event, context):\n    raise RuntimeError('no')"},
                "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
            },
        },
    }
    outputs = {"Queue": {"Value": {"Ref": "Queue"}}, "Function": {"Value": {"Ref": "Function"}}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs}))
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    found = {
        output["OutputKey"]: output["OutputValue"]
        for output in formation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    }
    aws.client("lambda").invoke(FunctionName=found["Function"], InvocationType="Event", Payload=b'{"id": 7}')
    received = lambda: aws.client("sqs").receive_message(QueueUrl=found["Queue"]).get("Messages")  # noqa: E731
    (message,) = eventually(received)
    # ministack wraps the event, as for a failure destination; AWS sends it as it is.
    assert json.loads(message["Body"])["requestPayload"] == {"id": 7}


def test_a_directive_gives_one_datum_for_each_metric_and_set_of_dimensions():
    document = emf("Evergreen", 0.5, Model="houses", Feature="price")
    document["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = [["Model"], ["Model", "Feature"], ["Missing"]]
    ((namespace, data),) = metric_data(document)
    assert namespace == "Evergreen"
    assert [(datum["MetricName"], len(datum["Dimensions"]), datum["Values"]) for datum in data] == [
        ("DriftShare", 1, [0.5]),
        ("Latency", 1, [1.0, 3.0]),
        ("DriftShare", 2, [0.5]),
        ("Latency", 2, [1.0, 3.0]),
    ]


def test_metrics_of_a_simulated_past_are_dropped_as_by_cloudwatch():
    document = emf("Evergreen", 0.5, Model="houses")
    document["_aws"]["Timestamp"] = 1_200_000_000_000
    assert list(metric_data(document)) == []


@pytest.mark.parametrize(
    ("breaching", "missing", "state"),
    [
        ([True, False, True], "missing", "ALARM"),
        ([True, False, False], "missing", "OK"),
        ([None, None, None], "missing", "INSUFFICIENT_DATA"),
        ([None, None, None], "ignore", "ALARM"),
        ([None, None, None], "notBreaching", "OK"),
        ([None, None, False], "breaching", "ALARM"),
        ([None, None, True], "missing", "ALARM"),
    ],
)
def test_two_of_three_periods_decide_and_missing_data_count_as_the_alarm_says(breaching, missing, state):
    assert next_state(breaching, current="ALARM", datapoints_to_alarm=2, missing=missing) == state
