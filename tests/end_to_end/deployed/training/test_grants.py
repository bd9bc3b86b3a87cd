"""Each grant that docs/grants.md calls enforced locally is taken away in turn, and what needs it fails.

A grant that nothing here misses is one to delete, or one that only AWS would miss: the table says which.
"""

import json
import re
import shutil
import uuid
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.target import CHECKOUT
from cli.demo.telemetry import Captures
from evergreen import names
from evergreen.errors import CommandFailed
from tests.end_to_end.workflow import ROW, physical_names, settings_with, start_cold, without_object

DENIED = re.compile(r"AccessDenied|AuthorizationError|Forbidden|S3 answered 403")
PREDICT = "Prediction/Predict"
CHECK = "Monitoring/CheckDrift"
NOTIFY = "Notifier/Notify"
ALARM = {"alarmData": {"alarmName": "evergreen-dev drift", "state": {"value": "ALARM"}}}
NAMED_IN_GRANTS = (
    "AWS::IAM::Role",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::SQS::Queue",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
)
# Grants that only a first promotion needs.
SEEN_WITHOUT_CHAMPION = {
    ("Training/Judge/Role", "s3:ListBucket"),
    ("Training/Promote/Role", "s3:ListBucket"),
    ("Training/Promote/Role", "s3:PutObject"),
    ("Prediction/Predict/Role", "s3:ListBucket"),
    ("Monitoring/CheckDrift/Role", "s3:ListBucket"),
}


def table(checked):
    """(role, action, (resource, *condition)) of the rows that are checked so."""
    # This cloud's stack has no renewal.
    page, _, _ = (CHECKOUT / "docs" / "grants.md").read_text().partition("## With `[renewal]`")
    for line in page.splitlines():
        cells = [re.findall(r"`([^`]+)`", cell) or cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[3] == checked:
            yield from ((cells[0][0], action, tuple(cells[2])) for action in cells[1])


ENFORCED = list(table("enforced locally"))
AWS_ONLY = {(role, action, on) for role, action, on in table("AWS only") if not role.endswith(".amazonaws.com")}


def listed(value):
    return value if isinstance(value, list) else [value]


class Stack:
    """The deployed roles and functions by their construct path, as the table names them."""

    def __init__(self, deployed):
        self.train = deployed.train
        self.home = deployed.embedded.home
        self.target = deployed.target
        self.iam, self.functions, self.s3, self.logs = map(deployed.target.client, ("iam", "lambda", "s3", "logs"))
        self.physical = physical_names(deployed, NAMED_IN_GRANTS)
        self.bucket = deployed.target.outputs[names.OUTPUT_MODEL_BUCKET]
        self.captures = deployed.target.outputs[names.OUTPUT_CAPTURE_BUCKET]
        variables = self.configuration("Training/Judge")["Environment"]["Variables"]
        self.model = variables[names.MODEL_NAME]
        self.pointer = names.champion_key(self.model)

    def roles(self):
        return sorted(path for path in self.physical if path.endswith("Role"))

    def policy(self, role):
        """Name and document of a role's one policy."""
        (policy,) = self.iam.list_role_policies(RoleName=self.physical[role])["PolicyNames"]
        answer = self.iam.get_role_policy(RoleName=self.physical[role], PolicyName=policy)
        return policy, answer["PolicyDocument"]

    @contextmanager
    def without(self, taken):
        """The stack without some (role, action, (resource, *condition)); afterwards they are given back."""
        before = {role: self.policy(role) for role in self.roles()}
        gone = set()
        try:
            for role, (policy, document) in before.items():
                kept = []
                for statement in document["Statement"]:
                    for action in listed(statement["Action"]):
                        for resource in listed(statement["Resource"]):
                            grant = (role, action, self.symbolic(resource, statement.get("Condition", {})))
                            if grant in taken:
                                gone.add(grant)
                            else:
                                kept.append({**statement, "Action": action, "Resource": resource})
                self.put(role, policy, {**document, "Statement": kept})
            yield gone
        finally:
            for role, (policy, document) in before.items():
                self.put(role, policy, document)

    def put(self, role, policy, document):
        name = self.physical[role]
        if document["Statement"]:
            self.iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
        else:
            self.iam.delete_role_policy(RoleName=name, PolicyName=policy)

    def symbolic(self, resource, conditions):
        """A resource and its condition in the table's words."""
        words = [resource]
        for keys in conditions.values():
            for key, value in keys.items():
                words += [key, *listed(value)]
        return tuple(self.in_the_tables_words(word) for word in words)

    def in_the_tables_words(self, text):
        text = re.sub(r"^arn:aws:[^:]*:[^:]*:[^:]*:", "", text)
        for path, name in self.physical.items():
            text = text.replace(name, path.replace("/", "-").lower())
        text = re.sub(r"cdk-[a-z0-9]+-assets-[^/]*", "<assets>", text)
        text = re.sub(r"[0-9a-f]{64}\.gz", "<archive>", text)
        text = re.sub(r"[0-9a-f]{64}\.zip", "<packages>", text)
        return text.replace("evergreen-dev-", "evergreen-<environment>-").replace(self.model, "<model>")

    def without_champion(self):
        """As before the first promotion."""
        return without_object(self.s3, self.bucket, self.pointer)

    def without_lease(self):
        """As before the first training."""
        return without_object(self.s3, self.bucket, names.lease_key(self.model))

    def without_check(self):
        """As before the first check."""
        return without_object(self.s3, self.captures, names.latest_check_key(self.model))

    def forget_packages(self):
        """As on an instance that has not made a check yet."""
        name = self.physical[f"{CHECK}/Function"]
        for folder in (self.home / "runtime" / "tmp" / name).glob("packages-*"):
            shutil.rmtree(folder)

    def configuration(self, path):
        return self.functions.get_function_configuration(FunctionName=self.physical[f"{path}/Function"])

    def start_cold(self, path):
        start_cold(self.functions, self.physical[f"{path}/Function"])

    def invoke(self, path, event, *, cold=True):
        """What a function answers, or the message of its failure."""
        if cold:
            self.start_cold(path)
        answer = self.functions.invoke(FunctionName=self.physical[f"{path}/Function"], Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        return payload["errorMessage"] if "FunctionError" in answer else payload

    def champion(self):
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=self.pointer)["Body"].read())

    def last_log_line(self, path):
        group = self.configuration(path)["LoggingConfig"]["LogGroup"]
        messages = [event["message"] for event in self.logs.filter_log_events(logGroupName=group)["events"]]
        return next(message for message in reversed(messages) if '"level"' in message)

    def log_of_jobs(self):
        """What training jobs have printed on standard error about their cause."""
        events = self.logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs")["events"]
        return [event["message"] for event in events if "the cause could not be stored" in event["message"]]


@pytest.fixture(scope="module")
def stack(trained):
    """With a prediction and a label captured, and a check made."""
    captures, endpoint = Captures(trained.target), Endpoint(trained.target)
    predicted = endpoint.predict({"features": ROW})
    # What was predicted: the checks of other tests count this label as well.
    endpoint.feedback({"prediction_id": predicted["prediction_id"], "actual": predicted["prediction"]})
    for prefix in (names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX):
        captures.await_records(prefix, [predicted["prediction_id"]])
    stack = Stack(trained)
    assert make_check(stack)["rows"] > 0
    return stack


def make_check(stack, *, cold=False):
    now = datetime.now(UTC)
    window = {"start": now - timedelta(hours=1), "end": now}
    return stack.invoke(CHECK, {name: moment.isoformat() for name, moment in window.items()}, cold=cold)


def acquire(stack):
    """What the lease function says to an execution that asks; it has given the lease back then."""
    event = {"execution": f"arn:aws:states:us-east-1:000000000000:execution:training:{uuid.uuid4()}"}
    started = datetime.now(UTC).isoformat()
    said = stack.invoke("Training/Lease", {**event, "action": "acquire", "version": "try", "started": started})
    stack.invoke("Training/Lease", {**event, "action": "release"}, cold=False)
    return said


def failure(stack, role, on, champion, folder):
    """What goes wrong first when a role is used: words of the workflow, the function or its log."""
    if role.startswith(CHECK):
        if on[0].endswith("<packages>"):
            stack.forget_packages()
        return make_check(stack, cold=on[0].endswith("<packages>"))
    if role.startswith(NOTIFY):
        return stack.invoke(NOTIFY, ALARM, cold=False)
    if role.startswith("Training/Lease"):
        return acquire(stack)
    if role.startswith("Training/Judge"):
        archive = champion["bundle"].rstrip("/") + ".tar.gz"
        event = {"version": champion["version"], "bundle": f"s3://{stack.bucket}/{archive}"}
        return stack.invoke("Training/Judge", event)
    if role.startswith("Training/Promote"):
        event = {**{name: champion[name] for name in ("version", "bundle", "digest")}, "champion": None}
        return stack.invoke("Training/Promote", event)
    if role.startswith(PREDICT):
        stack.start_cold(PREDICT)
        with pytest.raises(RequestRefused) as refused:
            Endpoint(stack.target).model()
        assert refused.value.status == 500
        return stack.last_log_line(PREDICT)
    if "/failures/" in on[0]:
        with pytest.raises(CommandFailed, match="the job gave no reason"):
            stack.train(settings_with(folder, "max_iter = 200", "max_itr = 200"))
        return stack.log_of_jobs()
    with pytest.raises(CommandFailed) as failed:
        stack.train()
    state = {"Training/PrepareRole": "Prepare", "Training/TrainRole": "Train"}[role]
    assert f"training failed at {state}: " in str(failed.value)
    return str(failed.value)


def absent(stack, role, action, on):
    """The stack without the object whose absence shows that a grant is missing."""
    if (role, action) == (f"{NOTIFY}/Role", "s3:ListBucket"):
        return stack.without_check()
    if (role, action) == ("Training/Lease/Role", "s3:ListBucket"):
        return stack.without_lease()
    of_models = on[0] == "models-bucket" or action == "s3:PutObject"
    return stack.without_champion() if of_models and (role, action) in SEEN_WITHOUT_CHAMPION else nullcontext()


@pytest.mark.parametrize(
    ("role", "action", "on"), ENFORCED, ids=[" ".join((role, action, *on)) for role, action, on in ENFORCED]
)
def test_without_the_grant_what_needs_it_is_refused(stack, role, action, on, tmp_path):
    champion = stack.champion()
    with stack.without({(role, action, on)}) as gone:
        assert gone == {(role, action, on)}
        # S3 calls a missing object missing only to those who may list the bucket: to others it is forbidden. And a
        # pointer that points there already is not written.
        with absent(stack, role, action, on):
            said = failure(stack, role, on, champion, tmp_path)
    assert DENIED.search(str(said)), said


def test_with_the_grant_to_list_predict_can_tell_that_there_is_no_champion_yet(stack):
    with stack.without_champion():
        stack.start_cold(PREDICT)
        with pytest.raises(RequestRefused) as refused:
            Endpoint(stack.target).model()
    assert refused.value.status == 503


def test_what_the_table_calls_aws_only_is_not_enforced_here(stack):
    # Once it is, its row must say so and the test above must try it.
    with stack.without(AWS_ONLY) as gone:
        assert {role for role, _, _ in gone} == set(stack.roles())
        stack.train()
        stack.start_cold(PREDICT)
        assert Endpoint(stack.target).model()["version"] == stack.champion()["version"]


def test_with_every_grant_in_place_a_training_succeeds(stack):
    assert stack.train()["digest"] == stack.champion()["digest"]
    stack.start_cold(PREDICT)
    assert Endpoint(stack.target).model()["version"] == stack.champion()["version"]
