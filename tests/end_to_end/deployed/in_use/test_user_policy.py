"""The managed policy for people: every verb of the command works under it, and nothing in it is without use."""

import json
import shutil
import subprocess
from functools import partial

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from cli.aws.endpoint import Endpoint
from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT, Target
from cli.demo.telemetry import Captures
from cli.findings import Status
from cli.main import app
from cli.metrics_export.reading import Reader
from cli.metrics_export.stack import Stack
from cli.smoke import on_aws
from cli.verbs import VERBS
from evergreen import names
from tests.end_to_end.clouds import person
from tests.end_to_end.workflow import ROW, TABLE

FIELDS = tuple(f"{name}={value}" for name, value in ROW.items())
# These have a cloud of their own.
LOCAL = {"init", "demo", "replay", "up", "down", "preview"}
# These are for those who deploy: they need more than a user has. docs/grants.md says what destroy needs.
ADMINISTRATORS = {"doctor", "diff", "github", "destroy"}
# These need a stack that renews: tests/end_to_end/renewing has one.
OF_RENEWAL = {"renew", "renewals", "pause", "resume"}
# This needs a stack with a feature store: tests/end_to_end/feature_store has one.
OF_FEATURES = {"features"}
# Where an operation has another name than the permission that it needs.
PERMISSIONS = {
    "apigatewayv2:GetStage": "apigateway:GET",
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
}
SERVICES = {"stepfunctions": "states"}
# A signed request to the endpoint is no call of a client; and what was changed while it was uploaded is rare.
WITHOUT_CLIENT = {"execute-api:Invoke", "s3:DeleteObject"}


@pytest.fixture(scope="module")
def account(trained):
    """A function that makes the credentials of a new role, with a managed policy or without."""
    return partial(person, trained.target)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository of the user's own, whose table is not in Git; the current folder."""
    shutil.copytree(CHECKOUT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp", "*.local"))
    shutil.copyfile(CHECKOUT / "model.toml", tmp_path / "model.toml")
    (tmp_path / "data").mkdir()
    shutil.copyfile(TABLE, tmp_path / "data" / TABLE.name)
    for command in ("init -q", "config user.name Tester", "config user.email tester@example.com"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def called(monkeypatch):
    """The permissions of all calls of clients from now on."""
    seen, call = set(), BaseClient._make_api_call

    def record(client, called, arguments):
        operation = called
        service = client.meta.service_model.service_name
        if operation == "GetObject" and "VersionId" in arguments:
            operation = "GetObjectVersion"
        name = SERVICES.get(service, service)
        seen.add(PERMISSIONS.get(f"{name}:{operation}", f"{name}:{operation}"))
        return call(client, called, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    return seen


def evergreen(*arguments):
    with pytest.raises(SystemExit) as ended:
        app(list(arguments), prog_name="evergreen")
    assert not ended.value.code, arguments


def permissions_of(iam, arn):
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    actions = [statement["Action"] for statement in document["Statement"]]
    return {action for given in actions for action in ([given] if isinstance(given, str) else given)}


def test_every_verb_works_under_the_policy_and_all_of_it_is_used(
    trained, account, checkout, called, monkeypatch, capsys
):
    target = trained.target
    arn = target.outputs[names.OUTPUT_USER_POLICY]
    permissions, captures = permissions_of(target.client("iam"), arn), Captures(target)
    champion = Registry(target).champions().present.version
    for name, value in account(arn).items():
        monkeypatch.setenv(name, value)
    called.clear()
    table = f"data/{TABLE.name}"

    ran = {
        "predict": [FIELDS, (table, "--output", "predictions.csv")],
        "feedback": [("predictions.csv", "--actual", "median")],
        "train": [()],
        "versions": [()],
        "gates": [()],
        "rollback": [(champion,)],
        "data": [("add", table), ("list",), ("push",)],
        "drift": [("--output", "report.html")],
        "dashboard": [()],
        "card": [("--no-open",), ("--sheet", "--no-open")],
        "reproduce": [(champion,)],
    }
    for verb, calls in ran.items():
        for arguments in calls:
            evergreen(verb, *arguments)
    (checkout / table).unlink()
    evergreen("data", "pull")
    prediction = Endpoint(Target.choose("dev", local=False)).predict({"features": ROW})["prediction_id"]
    captures.await_records(names.PREDICTIONS_PREFIX, [prediction])
    evergreen("forget", prediction)
    # export-metrics runs until Ctrl-C; this is what it does at a scrape.
    told = []
    Reader(Stack(Target.choose("dev", local=False)), told.append).read()
    assert not [sentence for sentence in told if "denies" in sentence]
    # Without --local it looks at all that it looks at on AWS. Other tests of this cloud make alarms fire.
    monkeypatch.setattr(on_aws, "_ACCESS_LOG", 0)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        app(["smoke", "--json", "--wait", "30"], prog_name="evergreen")
    found = json.loads(capsys.readouterr().out)["findings"]

    assert {finding["check"] for finding in found if finding["status"] == Status.FAILED} <= {"alarms"}, found
    assert {*ran, "export-metrics", "forget", "smoke"} == set(VERBS) - LOCAL - ADMINISTRATORS - OF_RENEWAL - OF_FEATURES
    assert permissions - WITHOUT_CLIENT == called


def test_without_the_policy_nothing_works(account, monkeypatch):
    for name, value in account().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ClientError, match="AccessDenied|not authorized"):
        app(["versions"], prog_name="evergreen")
