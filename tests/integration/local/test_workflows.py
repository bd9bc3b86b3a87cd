"""Step Functions in the embedded cloud runs SageMaker jobs as on AWS."""

import json

import pytest


@pytest.fixture(scope="module")
def store(aws):
    return aws.bucket()


@pytest.fixture(scope="module")
def role(aws, store):
    return aws.role({"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{store}*"]})


@pytest.fixture
def train_state(aws, store, role):
    """A JSONata task that runs `source` as a training job."""

    def state(source, **changes):
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Arguments": {
                "TrainingJobName": "{% $prefix & '-' & $string($states.context.State.RetryCount) %}",
                "AlgorithmSpecification": {"TrainingImage": "an/image:1", "TrainingInputMode": "File"},
                "RoleArn": role,
                "HyperParameters": {
                    "sagemaker_program": "train.py",
                    "sagemaker_submit_directory": aws.source_archive(store, train=source),
                },
                "OutputDataConfig": {"S3OutputPath": f"s3://{store}/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            },
            **changes,
        }

    return state


@pytest.fixture
def run(aws, role, eventually):
    """Run a state machine of the given states from `Start`; its description when it has ended."""

    def start(states, **fields):
        states = {
            "Begin": {"Type": "Pass", "Assign": {"prefix": "{% $states.input.prefix %}"}, "Next": "Start"},
            **states,
        }
        definition = {"QueryLanguage": "JSONata", "StartAt": "Begin", "States": states, **fields}
        client = aws.client("stepfunctions")
        machine = client.create_state_machine(
            name=aws.name("machine"), definition=json.dumps(definition), roleArn=role
        )["stateMachineArn"]
        return client.start_execution(stateMachineArn=machine, input=json.dumps({"prefix": aws.name("job")}))[
            "executionArn"
        ]

    def finish(states, **fields):
        arn = start(states, **fields)
        client = aws.client("stepfunctions")
        eventually(lambda: client.describe_execution(executionArn=arn)["status"] != "RUNNING")
        return client.describe_execution(executionArn=arn)

    finish.start = start
    return finish


def test_sync_waits_for_the_job_and_returns_its_description(run, train_state):
    ended = run({"Start": train_state("import time\ntime.sleep(0.5)", End=True)})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    job = json.loads(ended["output"])
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")
    assert job["TrainingEndTime"] - job["TrainingStartTime"] >= 500
    assert isinstance(job["TrainingEndTime"], int)


def test_a_failed_job_raises_task_failed_with_its_description_as_the_cause(run, train_state):
    catch = {
        "ErrorEquals": ["States.TaskFailed"],
        "Next": "Caught",
        "Assign": {"reason": "{% $parse($states.errorOutput.Cause).FailureReason %}"},
        "Output": "{% {'error': $states.errorOutput.Error} %}",
    }
    ended = run(
        {
            "Start": train_state("raise ValueError('no rows')", Catch=[catch], End=True),
            "Caught": {"Type": "Pass", "Output": "{% $merge([$states.input, {'reason': $reason}]) %}", "End": True},
        }
    )
    output = json.loads(ended["output"])
    assert output["error"] == "States.TaskFailed"
    assert output["reason"].endswith(", exit code: 1")


def test_a_retry_sees_its_count_and_runs_a_job_of_another_name(aws, run, train_state):
    retry = {"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1, "IntervalSeconds": 1}
    ended = run({"Start": train_state("raise SystemExit(1)", Retry=[retry], End=True)})
    assert ended["status"] == "FAILED"
    prefix = json.loads(ended["input"])["prefix"]
    jobs = aws.client("sagemaker").list_training_jobs(NameContains=prefix)["TrainingJobSummaries"]
    assert sorted(job["TrainingJobName"] for job in jobs) == [f"{prefix}-0", f"{prefix}-1"]


def test_a_name_that_is_taken_raises_resource_in_use(run, train_state):
    first = train_state("pass", Next="Again")
    ended = run({"Start": first, "Again": train_state("pass", End=True)})
    assert (ended["status"], ended["error"]) == ("FAILED", "SageMaker.ResourceInUseException")


def test_a_request_that_the_service_refuses_raises_its_exception(run, train_state):
    state = train_state("pass", End=True)
    state["Arguments"]["TrainingJobName"] = "uuid_uuid"
    ended = run({"Start": state})
    assert ended["error"] == "SageMaker.AmazonSageMakerException"
    assert "Error Code: ValidationException" in ended["cause"]


def test_stopping_the_execution_stops_the_job(aws, run, train_state, eventually):
    arn = run.start({"Start": train_state("import time\ntime.sleep(60)", End=True)})
    client, sagemaker = aws.client("stepfunctions"), aws.client("sagemaker")
    name = json.loads(client.describe_execution(executionArn=arn)["input"])["prefix"]
    started = eventually(lambda: sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"])
    client.stop_execution(executionArn=arn, cause="enough")
    job = started[0]["TrainingJobName"]
    eventually(lambda: sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped")
    assert client.describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_a_task_that_times_out_stops_its_job(aws, run, train_state, eventually):
    ended = run({"Start": train_state("import time\ntime.sleep(60)", TimeoutSeconds=1, End=True)})
    assert ended["error"] == "States.Timeout"
    sagemaker = aws.client("sagemaker")
    name = json.loads(ended["input"])["prefix"] + "-0"
    eventually(lambda: sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "Stopped")


def test_a_job_that_reaches_its_limit_fails_its_task_and_says_so_in_the_cause(run, train_state):
    state = train_state("import time\ntime.sleep(60)", End=True)
    state["Arguments"]["StoppingCondition"] = {"MaxRuntimeInSeconds": 1}
    ended = run({"Start": state})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    job = json.loads(ended["cause"])
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 1}


def test_a_failed_function_is_caught_by_the_name_of_its_exception(aws, run):
    function = aws.function(
        "class CardMissing(Exception): pass\ndef handle(event, context):\n    raise CardMissing('x')"
    )
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": {}},
        "Catch": [{"ErrorEquals": ["CardMissing"], "Next": "Caught"}],
        "End": True,
    }
    ended = run({"Start": task, "Caught": {"Type": "Pass", "Output": "caught", "End": True}})
    assert json.loads(ended["output"] or "null") == "caught", ended


@pytest.mark.parametrize(
    ("resource", "arguments", "service"),
    [
        ("lambda:invoke", {"FunctionName": "no such!", "Payload": {}}, "Lambda"),
        ("aws-sdk:s3:getObject", {"Bucket": "bucket", "Key": ""}, "S3"),
        ("sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:topic", "Subject": "no message"}, "Sns"),
    ],
)
def test_a_request_that_breaks_the_model_of_its_service_fails_its_task(run, resource, arguments, service):
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True}
    ended = run({"Start": task})
    assert (ended["status"], ended["error"]) == ("FAILED", f"{service}.ValidationException")


def test_expressions_see_the_execution(run):
    keys = ("Id", "Name", "StartTime", "Input")
    output = "{% {" + ", ".join(f"'{key}': $states.context.Execution.{key}" for key in keys) + "} %}"
    ended = run({"Start": {"Type": "Pass", "Output": output, "End": True}})
    seen = json.loads(ended["output"])
    assert seen["Id"] == ended["executionArn"]
    assert seen["Name"] == ended["name"]
    assert seen["Input"] == json.loads(ended["input"])
    assert seen["StartTime"].endswith("Z")
