"""The deployed training workflow as a test sees it: its executions, what they leave, and its parts made to fail."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT
from cli.training_run import TrainingRun
from evergreen import names
from tests.end_to_end.clouds import Deployed

_PATIENCE = 180
ROW = {"city": "Austin", "year": 2006, "month": 1, "sales": 1600, "listings": 7000, "inventory": 3.1}
TABLE = CHECKOUT / "data" / "texas_2000_2006.csv"


class Workflow:
    """Starts executions of the workflow, and changes what they meet; every change is undone at its end."""

    def __init__(self, deployed: Deployed) -> None:
        self.target = deployed.target
        self.states, self.s3, self._lambda, self._iam = map(
            deployed.target.client, ("stepfunctions", "s3", "lambda", "iam")
        )
        self.machine = deployed.target.outputs[names.OUTPUT_WORKFLOW]
        self.models = deployed.target.outputs[names.OUTPUT_MODEL_BUCKET]
        self.model = deployed.target.outputs[names.OUTPUT_MODEL_NAME]
        self._physical = physical_names(deployed, ("AWS::IAM::Role", "AWS::Lambda::Function"))

    def input(self, settings_file: Path = CHECKOUT / "model.toml") -> dict[str, str]:
        """What an execution is started with; what it names is in the data bucket then."""
        return TrainingRun(self.target, settings_file).upload()

    def start(self, run_input: dict[str, str]) -> str:
        """The ARN of a new execution."""
        return self.states.start_execution(stateMachineArn=self.machine, input=json.dumps(run_input))["executionArn"]

    def end_of(self, execution: str) -> dict[str, Any]:
        """The description of an execution that has ended."""
        self.wait_until(lambda: self.states.describe_execution(executionArn=execution)["status"] != "RUNNING")
        return self.states.describe_execution(executionArn=execution)

    def run(self, run_input: dict[str, str]) -> dict[str, Any]:
        return self.end_of(self.start(run_input))

    def entered(self, execution: str) -> list[str]:
        """The states that an execution has entered, in their order."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        details = (event.get("stateEnteredEventDetails") for page in pages for event in page["events"])
        return [detail["name"] for detail in details if detail]

    def wait_until(self, holds: Any) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"nothing came of it within {_PATIENCE} s"
            time.sleep(0.1)

    def champion(self) -> dict[str, Any]:
        return json.loads(self._read(names.champion_key(self.model)))

    def holder(self) -> str:
        """The execution that holds the lease; empty if it is free."""
        lease = json.loads(self._read(names.lease_key(self.model)))
        return lease["execution"] if datetime.fromisoformat(lease["until"]) > datetime.now(UTC) else ""

    def judged(self) -> list[str]:
        """The versions that the registry lists, which are those that can be rolled back to."""
        return [version.version for version in Registry(self.target).versions()]

    @contextmanager
    def denied(self, role: str, action: str, resource: str) -> Iterator[None]:
        """With a role of this construct path refused one action on one resource."""
        statement = {"Effect": "Deny", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        name = self._physical[role]
        self._iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=document)
        try:
            yield
        finally:
            self._iam.delete_role_policy(RoleName=name, PolicyName="denied")

    @contextmanager
    def variables(self, function: str, **changes: str) -> Iterator[None]:
        """With other environment variables of the function of this construct path."""
        name = self._physical[f"{function}/Function"]
        before = self._lambda.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        self._configure(name, {**before, **changes})
        try:
            yield
        finally:
            self._configure(name, before)

    def arguments_of(self, state: str) -> dict[str, Any]:
        machine = self.states.describe_state_machine(stateMachineArn=self.machine)
        return json.loads(machine["definition"])["States"][state]["Arguments"]

    @contextmanager
    def arguments(self, state: str, **changes: Any) -> Iterator[None]:
        """With other arguments of a state."""
        before = self.states.describe_state_machine(stateMachineArn=self.machine)["definition"]
        changed = json.loads(before)
        changed["States"][state]["Arguments"] |= changes
        self.states.update_state_machine(stateMachineArn=self.machine, definition=json.dumps(changed))
        try:
            yield
        finally:
            self.states.update_state_machine(stateMachineArn=self.machine, definition=before)

    def _configure(self, function: str, variables: dict[str, str]) -> None:
        self._lambda.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

    def _read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.models, Key=key)["Body"].read()


@contextmanager
def without_object(s3: Any, bucket: str, key: str) -> Iterator[None]:
    with object_as_before(s3, bucket, key):
        s3.delete_object(Bucket=bucket, Key=key)
        yield


@contextmanager
def object_as_before(s3: Any, bucket: str, key: str) -> Iterator[None]:
    """What an object was, or that there was none, is so again afterwards."""
    try:
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        content = None
    try:
        yield
    finally:
        if content is None:
            s3.delete_object(Bucket=bucket, Key=key)
        else:
            s3.put_object(Bucket=bucket, Key=key, Body=content)


def physical_names(deployed: Deployed, types: Iterable[str]) -> dict[str, str]:
    """Construct path to the name that each resource of these types got."""
    template = json.loads(deployed.template.read_text())["Resources"]
    answer = deployed.target.client("cloudformation").describe_stack_resources(StackName="evergreen-dev")
    return {
        template[found["LogicalResourceId"]]["Metadata"]["aws:cdk:path"]
        .removeprefix("evergreen-dev/")
        .removesuffix("/Resource"): _name_of(found)
        for found in answer["StackResources"]
        if found["ResourceType"] in types
    }


def _name_of(resource: dict[str, Any]) -> str:
    """The last part of a physical id: of an ARN, or of a queue's address."""
    separator = "/" if resource["ResourceType"] == "AWS::SQS::Queue" else ":"
    return resource["PhysicalResourceId"].rpartition(separator)[2]


def settings_with(folder: Path, before: str, after: str) -> Path:
    """The demo's model.toml with one thing changed, beside the demo's table."""
    (folder / "data").mkdir()
    (folder / "data" / TABLE.name).write_bytes(TABLE.read_bytes())
    text = (CHECKOUT / "model.toml").read_text()
    assert before in text
    file = folder / "model.toml"
    file.write_text(text.replace(before, after))
    return file


def start_cold(functions: Any, name: str) -> None:
    """End a function's processes, and all that they remember: a new configuration does."""
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=timeout)
