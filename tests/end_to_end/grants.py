"""The grants that docs/grants.md lists, and a deployed stack that can do without some of them for a while."""

import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from cli.aws.target import CHECKOUT
from evergreen import names
from tests.end_to_end.clouds import Deployed
from tests.end_to_end.workflow import object_as_before, physical_names, start_cold, without_object

# Role by its construct path, action, and the resource with its condition.
Grant = tuple[str, str, tuple[str, ...]]

ALWAYS, RENEWAL, FEATURES = "Who may do what", "With `[renewal]`", "With `[features]`"
DENIED = re.compile(r"AccessDenied|AuthorizationError|Forbidden|S3 answered 403")
CHECK = "Monitoring/CheckDrift"
_NAMED_IN_GRANTS = (
    "AWS::DynamoDB::Table",
    "AWS::IAM::Role",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::SQS::Queue",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
)


def enforced(heading: str) -> list[Grant]:
    """Those in the table below a heading that the embedded cloud refuses without."""
    return list(_table(heading, "enforced locally"))


def aws_only(heading: str) -> set[Grant]:
    """Those of roles that it does not."""
    return {grant for grant in _table(heading, "AWS only") if not grant[0].endswith(".amazonaws.com")}


def name_of(grant: Grant) -> str:
    """Of the test that takes it away."""
    role, action, on = grant
    return " ".join((role, action, *on))


def _table(heading: str, checked: str) -> Iterator[Grant]:
    _, *parts = re.split(r"^#+ (.*)\n", (CHECKOUT / "docs" / "grants.md").read_text(), flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    for line in sections[heading].splitlines():
        cells = [re.findall(r"`([^`]+)`", cell) or cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[3] == checked:
            yield from ((cells[0][0], action, tuple(cells[2])) for action in cells[1])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class Stack:
    """The deployed roles and functions by their construct path, as the table names them."""

    def __init__(self, deployed: Deployed) -> None:
        self.train = deployed.train
        self.home = deployed.embedded.home
        self.target = deployed.target
        self.iam, self.functions, self.s3, self.logs = map(deployed.target.client, ("iam", "lambda", "s3", "logs"))
        self.physical = physical_names(deployed, _NAMED_IN_GRANTS)
        self.bucket = deployed.target.outputs[names.OUTPUT_MODEL_BUCKET]
        self.data = deployed.target.outputs[names.OUTPUT_DATA_BUCKET]
        self.captures = deployed.target.outputs[names.OUTPUT_CAPTURE_BUCKET]
        variables = self.configuration("Training/Judge")["Environment"]["Variables"]
        self.model = variables[names.MODEL_NAME]
        self.pointer = names.champion_key(self.model)

    def roles(self) -> list[str]:
        return sorted(path for path in self.physical if path.endswith("Role"))

    def policy(self, role: str) -> tuple[str, dict[str, Any]]:
        """Name and document of a role's one policy."""
        (policy,) = self.iam.list_role_policies(RoleName=self.physical[role])["PolicyNames"]
        answer = self.iam.get_role_policy(RoleName=self.physical[role], PolicyName=policy)
        return policy, answer["PolicyDocument"]

    @contextmanager
    def without(self, taken: Collection[Grant]) -> Iterator[set[Grant]]:
        """The stack without some grants: those of them that it had. Afterwards they are given back."""
        roles = {role for role, _, _ in taken}
        before = {role: self.policy(role) for role in self.roles() if role in roles}
        gone: set[Grant] = set()
        try:
            for role, (policy, document) in before.items():
                kept = []
                for statement in document["Statement"]:
                    for action in _listed(statement["Action"]):
                        for resource in _listed(statement["Resource"]):
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

    def put(self, role: str, policy: str, document: dict[str, Any]) -> None:
        name = self.physical[role]
        if document["Statement"]:
            self.iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
        else:
            self.iam.delete_role_policy(RoleName=name, PolicyName=policy)

    def symbolic(self, resource: str, conditions: dict[str, dict[str, Any]]) -> tuple[str, ...]:
        """A resource and its condition in the table's words."""
        words = [resource]
        for keys in conditions.values():
            for key, value in keys.items():
                words += [key, *_listed(value)]
        return tuple(self.in_the_tables_words(word) for word in words)

    def in_the_tables_words(self, text: str) -> str:
        text = re.sub(r"^arn:aws:[^:]*:[^:]*:[^:]*:", "", text)
        for path, name in self.physical.items():
            text = text.replace(name, path.replace("/", "-").lower())
        text = re.sub(r"cdk-[a-z0-9]+-assets-[^/]*", "<assets>", text)
        text = re.sub(r"[0-9a-f]{64}\.gz", "<archive>", text)
        text = re.sub(r"[0-9a-f]{64}\.zip", "<packages>", text)
        text = text.replace("Evergreen/dev", "Evergreen/<environment>")
        text = text.replace(names.feature_project(self.model, "dev"), "<project>")
        return text.replace("evergreen-dev-", "evergreen-<environment>-").replace(self.model, "<model>")

    def without_champion(self) -> AbstractContextManager[None]:
        """As before the first promotion."""
        return without_object(self.s3, self.bucket, self.pointer)

    def without_lease(self) -> AbstractContextManager[None]:
        """As before the first training."""
        return without_object(self.s3, self.bucket, names.lease_key(self.model))

    def without_check(self) -> AbstractContextManager[None]:
        """As before the first check."""
        return without_object(self.s3, self.captures, names.latest_check_key(self.model))

    def without_ledger(self) -> AbstractContextManager[None]:
        """As before the first renewal."""
        return without_object(self.s3, self.bucket, names.ledger_key(self.model))

    def ledger_as_before(self) -> AbstractContextManager[None]:
        """Whatever renewals write into it meanwhile."""
        return object_as_before(self.s3, self.bucket, names.ledger_key(self.model))

    def forget_packages(self) -> None:
        """As on an instance that has not made a check yet."""
        name = self.physical[f"{CHECK}/Function"]
        for folder in (self.home / "runtime" / "tmp" / name).glob("packages-*"):
            shutil.rmtree(folder)

    def configuration(self, path: str) -> dict[str, Any]:
        return self.functions.get_function_configuration(FunctionName=self.physical[f"{path}/Function"])

    def start_cold(self, path: str) -> None:
        start_cold(self.functions, self.physical[f"{path}/Function"])

    def invoke(self, path: str, event: dict[str, Any], *, cold: bool = True) -> Any:
        """What a function answers, or the message of its failure."""
        if cold:
            self.start_cold(path)
        answer = self.functions.invoke(FunctionName=self.physical[f"{path}/Function"], Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        return payload["errorMessage"] if "FunctionError" in answer else payload

    def champion(self) -> dict[str, Any]:
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=self.pointer)["Body"].read())

    def last_log_line(self, path: str, having: str = '"level"') -> str:
        group = self.configuration(path)["LoggingConfig"]["LogGroup"]
        messages = [event["message"] for event in self.logs.filter_log_events(logGroupName=group)["events"]]
        return next(message for message in reversed(messages) if having in message)

    def log_of_jobs(self) -> list[str]:
        """What training jobs have printed on standard error about their cause."""
        events = self.logs.filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs")["events"]
        return [event["message"] for event in events if "the cause could not be stored" in event["message"]]
