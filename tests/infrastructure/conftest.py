"""Every environment's template, synthesised once, and what its tests read from it."""

import dataclasses
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from app import of_the_stack
from evergreen.names import FORMAT_CHAT
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import PROTOCOLS, RenewalSettings
from infra.deployment import Deployment
from infra.environments import ENVIRONMENTS, Environment
from infra.packages.training_image import training_image
from infra.stacks import EvergreenStack

ACCOUNT = "111122223333"
TRACKING_URL = "https://mlflow.example.com"
EMAIL = "someone@example.com"
RENEWAL = RenewalSettings(enabled=True, every_days=7, on_new_data=True)
CHECKOUT = Path(__file__).resolve().parents[2]
SETTINGS = read_settings(CHECKOUT / "model.toml")
WITH_FEATURES = read_settings(CHECKOUT / "features" / "model.toml")


@dataclass(frozen=True)
class Statement:
    """An Allow of the template. `who` is a role's construct path, or a service that a resource's policy names."""

    who: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: dict[str, dict[str, Any]]


_POLICY_TYPES = ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy", "AWS::Logs::ResourcePolicy")


class Template:
    """A synthesised template. Resources are named by their construct path; `plain` puts text for every reference."""

    def __init__(self, environment: Environment, file: Path) -> None:
        self.environment = environment
        self.file = file
        self.document = json.loads(file.read_text())
        self.model = SETTINGS.name
        self.settings = SETTINGS

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {
            id_: resource["Metadata"]["aws:cdk:path"].partition("/")[2].removesuffix("/Resource")
            for id_, resource in self.document["Resources"].items()
        }

    def resources(self, type_: str) -> dict[str, dict[str, Any]]:
        """Construct path to the resource (`Properties`, `DeletionPolicy`, ...), its references made text."""
        return {
            self._paths[id_]: self.plain(resource)
            for id_, resource in self.document["Resources"].items()
            if resource["Type"] == type_
        }

    def properties(self, type_: str) -> dict[str, dict[str, Any]]:
        return {path: resource.get("Properties", {}) for path, resource in self.resources(type_).items()}

    def only(self, type_: str) -> dict[str, Any]:
        """The properties of the one resource of a type."""
        (properties,) = self.properties(type_).values()
        return properties

    def plain(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key == "Ref":
                return self._pseudo(argument) or self._reference(argument, "Ref")
            if key == "Fn::GetAtt":
                return self._reference(argument[0], argument[1])
            if key == "Fn::Join":
                return argument[0].join(self.plain(argument[1]))
            if key == "Fn::Sub":
                return re.sub(r"\$\{(.*?)}", lambda match: self._pseudo(match[1]), argument)
            assert not key.startswith("Fn::"), f"{key} is not known here"
        return {key: self.plain(item) for key, item in value.items()}

    def _pseudo(self, name: str) -> str:
        known = {"AWS::Partition": "aws", "AWS::Region": self.environment.region, "AWS::AccountId": ACCOUNT}
        return known.get(name, "")

    def _reference(self, id_: str, attribute: str) -> str:
        name = self._paths[id_].replace("/", "-").lower()
        here = f"{self.environment.region}:{ACCOUNT}"
        return {
            ("AWS::S3::Bucket", "Ref"): name,
            ("AWS::Events::Rule", "Arn"): f"arn:aws:events:{here}:rule/{name}",
            ("AWS::S3::Bucket", "Arn"): f"arn:aws:s3:::{name}",
            ("AWS::SNS::Topic", "Ref"): f"arn:aws:sns:{here}:{name}",
            ("AWS::IAM::Role", "Ref"): name,
            ("AWS::IAM::Role", "Arn"): f"arn:aws:iam::{ACCOUNT}:role/{name}",
            ("AWS::Lambda::Function", "Arn"): f"arn:aws:lambda:{here}:function:{name}",
            ("AWS::Lambda::Function", "Ref"): name,
            ("AWS::Logs::LogGroup", "Ref"): name,
            ("AWS::Logs::LogGroup", "Arn"): f"arn:aws:logs:{here}:log-group:{name}:*",
            ("AWS::StepFunctions::StateMachine", "Ref"): f"arn:aws:states:{here}:stateMachine:{name}",
            ("AWS::StepFunctions::StateMachine", "Name"): name,
            ("AWS::IAM::ManagedPolicy", "Ref"): f"arn:aws:iam::{ACCOUNT}:policy/{name}",
            ("AWS::SageMaker::MlflowApp", "Arn"): f"arn:aws:sagemaker:{here}:mlflow-app/app-{name}",
            ("AWS::DynamoDB::Table", "Arn"): f"arn:aws:dynamodb:{here}:table/{name}",
            ("AWS::SQS::Queue", "Arn"): f"arn:aws:sqs:{here}:{name}",
            ("AWS::SQS::Queue", "Ref"): name,
            ("AWS::SQS::Queue", "QueueName"): name,
            ("AWS::KinesisFirehose::DeliveryStream", "Arn"): f"arn:aws:firehose:{here}:deliverystream/{name}",
            ("AWS::KinesisFirehose::DeliveryStream", "Ref"): name,
            ("AWS::Logs::LogStream", "Ref"): name,
            ("AWS::CloudWatch::Alarm", "Arn"): f"arn:aws:cloudwatch:{here}:alarm:{name}",
            ("AWS::CloudWatch::Dashboard", "Ref"): name,
            ("AWS::ApiGatewayV2::Api", "Ref"): name,
            ("AWS::ApiGatewayV2::Integration", "Ref"): name,
        }[self.document["Resources"][id_]["Type"], attribute]

    def role_statements(self) -> Iterator[Statement]:
        """Of every role, from its policies."""
        by_name = {path.replace("/", "-").lower(): path for path in self.resources("AWS::IAM::Role")}
        for properties in self.properties("AWS::IAM::Policy").values():
            for role in properties["Roles"]:
                for statement in properties["PolicyDocument"]["Statement"]:
                    assert statement["Effect"] == "Allow"
                    yield _statement(by_name[role], statement)

    def user_statements(self) -> Iterator[Statement]:
        """Of the managed policy for people, which nothing has yet."""
        properties = self.only("AWS::IAM::ManagedPolicy")
        assert not {"Users", "Groups", "Roles"} & properties.keys()
        for statement in properties["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            yield _statement("people", statement)

    def service_statements(self) -> Iterator[Statement]:
        """What AWS services may do to the stack's resources, from the resources' own policies."""
        documents = [
            properties["PolicyDocument"] for type_ in _POLICY_TYPES for properties in self.properties(type_).values()
        ]
        for document in documents:
            document = json.loads(document) if isinstance(document, str) else document
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    yield _statement(statement["Principal"]["Service"], statement)
        for permission in self.properties("AWS::Lambda::Permission").values():
            yield Statement(
                permission["Principal"],
                (permission["Action"],),
                (permission["FunctionName"],),
                {
                    "ArnLike": {"aws:SourceArn": permission["SourceArn"]},
                    **(
                        {"StringEquals": {"aws:SourceAccount": permission["SourceAccount"]}}
                        if "SourceAccount" in permission
                        else {}
                    ),
                },
            )

    def state_machine(self, path: str = "Training/StateMachine") -> dict[str, Any]:
        """The definition of a workflow."""
        return dict(json.loads(self.properties("AWS::StepFunctions::StateMachine")[path]["DefinitionString"]))


def differences(before: Template, after: Template) -> tuple[set[tuple[str, ...]], list[str]]:
    """What of a template's resources is otherwise in another one, which has all of them: construct path and the path
    within; and the construct paths of those that the other has besides.
    """
    old, new = before.document["Resources"], after.document["Resources"]
    assert old.keys() <= new.keys()
    paths = {id_: resource["Metadata"]["aws:cdk:path"].partition("/")[2] for id_, resource in new.items()}
    changes = {(paths[id_], *path) for id_, resource in old.items() for path in _changed(resource, new[id_])}
    return changes, [paths[id_] for id_ in new if id_ not in old]


def _changed(before: Any, after: Any) -> Iterator[tuple[str, ...]]:
    """What two values differ in, as paths through them."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from ((key, *path) for path in _changed(before.get(key), after.get(key)))
    elif before != after:
        yield ()


def _statement(who: str, statement: dict[str, Any]) -> Statement:
    def listed(value: Any) -> tuple[str, ...]:
        return tuple(value) if isinstance(value, list) else (value,)

    # A NotAction or NotResource would hide from every test that reads the two.
    assert not {"NotAction", "NotResource"} & statement.keys()
    return Statement(who, listed(statement["Action"]), listed(statement["Resource"]), statement.get("Condition", {}))


def deployment_to(environment: Environment, **changes: Any) -> Deployment:
    """The template's own model in an environment, with the stack's own MLflow App and nobody to notify."""
    usual = Deployment(
        environment=environment,
        settings=of_the_stack(SETTINGS),
        source_digest="0" * 64,
        image=training_image(environment.region, environment.job_instance),
        tracking_url=None,
        tracking_secret=None,
        alarm_email=None,
        user_role=None,
        for_this_machine=False,
    )
    return dataclasses.replace(usual, **changes)


def synthesise(
    folder: Path, *, tracking_url: str | None = None, email: str | None = None, **changes: Any
) -> dict[str, Template]:
    """Every environment's template.

    Args:
        changes: of the settings.
    """
    settings = dataclasses.replace(of_the_stack(SETTINGS), log_sample=0.5, log_leave_out=("city",), **changes)
    context = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
    app = App(outdir=str(folder), context={**context, "aws:cdk:enable-path-metadata": True})
    for environment in ENVIRONMENTS:
        EvergreenStack(
            app,
            deployment_to(environment, settings=settings, tracking_url=tracking_url, alarm_email=email),
        )
    app.synth()
    return {
        environment.name: Template(environment, folder / f"evergreen-{environment.name}.template.json")
        for environment in ENVIRONMENTS
    }


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return synthesise(tmp_path_factory.mktemp("synth"))


@pytest.fixture(scope="session")
def templates_with_server_and_email(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return synthesise(tmp_path_factory.mktemp("synth"), tracking_url=TRACKING_URL, email=EMAIL)


@pytest.fixture(scope="session")
def template_for_chat(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """With messages in the form of chat tools."""
    return synthesise(tmp_path_factory.mktemp("synth"), message_format=FORMAT_CHAT)["dev"]


@pytest.fixture(scope="session")
def templates_with_renewal(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return synthesise(tmp_path_factory.mktemp("synth"), renewal=dataclasses.asdict(RENEWAL))


@pytest.fixture(scope="session")
def templates_with_features(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return synthesise(tmp_path_factory.mktemp("synth"), features=of_the_stack(WITH_FEATURES).features)


@pytest.fixture(scope="session")
def templates_with_protocols(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return synthesise(tmp_path_factory.mktemp("synth"), protocols=PROTOCOLS)


@pytest.fixture(scope="session", params=[environment.name for environment in ENVIRONMENTS])
def template(request: pytest.FixtureRequest, templates: dict[str, Template]) -> Template:
    """With the stack's own MLflow App, and nobody to notify by e-mail."""
    return templates[request.param]


@pytest.fixture(scope="session")
def template_with_server_and_email(
    template: Template, templates_with_server_and_email: dict[str, Template]
) -> Template:
    """The same environment with a tracking server's URL and an address for alarms."""
    return templates_with_server_and_email[template.environment.name]


@pytest.fixture(scope="session")
def template_with_renewal(template: Template, templates_with_renewal: dict[str, Template]) -> Template:
    """The same environment with [renewal]."""
    return templates_with_renewal[template.environment.name]


@pytest.fixture(scope="session")
def template_with_features(template: Template, templates_with_features: dict[str, Template]) -> Template:
    """The same environment with [features]."""
    return templates_with_features[template.environment.name]


@pytest.fixture(scope="session")
def template_with_protocols(template: Template, templates_with_protocols: dict[str, Template]) -> Template:
    """The same environment with every protocol of [endpoint]."""
    return templates_with_protocols[template.environment.name]


@pytest.fixture(scope="session")
def faults_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], str]:
    """What asl-validator, a second opinion on the Amazon States Language, says against definitions."""
    tool = CHECKOUT / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"
    file = tmp_path_factory.mktemp("asl") / "definition.json"

    def validate(states: dict[str, Any]) -> str:
        file.write_text(json.dumps(states))
        answer = subprocess.run(["node", tool, "--json-path", file], capture_output=True, text=True, check=False)
        return answer.stdout + answer.stderr if answer.returncode else ""

    return validate
