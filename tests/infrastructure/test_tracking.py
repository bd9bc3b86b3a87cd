"""MLflow: an App of the stack's own, or a server that is given, never both."""

import dataclasses
import json
from pathlib import Path

import cfnlint
import pytest
from aws_cdk import App

from evergreen import names
from infra.environments import ENVIRONMENTS, WITHOUT_MLFLOW_APP
from infra.stacks import EvergreenStack
from infra.tracking import UnusableTracking
from tests.infrastructure.conftest import TRACKING_URL, Template, deployment_to

CLIENTS = ("Training/TrainRole", "Training/Judge/Role", "Training/Promote/Role")
CALL = "sagemaker:CallMlflowAppApi"
ARTIFACTS = "arn:aws:s3:::models-bucket/mlflow/*"


def test_without_a_server_the_stack_makes_an_app(template):
    app = template.only("AWS::SageMaker::MlflowApp")
    assert app["Name"] == names.stack_name(template.environment.name)
    assert f"{app['ArtifactStoreUri']}/*" == ARTIFACTS.replace("arn:aws:s3:::", "s3://")
    assert app["RoleArn"] == "arn:aws:iam::111122223333:role/tracking-role"


@pytest.mark.parametrize("who", CLIENTS)
def test_those_who_log_may_call_the_app_and_write_its_artifacts(template, who):
    # MLflow's clients store artifacts in S3 themselves.
    app = f"arn:aws:sagemaker:{template.environment.region}:111122223333:mlflow-app/app-tracking-app"
    mine = [statement for statement in template.role_statements() if statement.who == who]
    assert [statement.resources for statement in mine if CALL in statement.actions] == [(app,)]
    for action in ("s3:GetObject", "s3:PutObject"):
        assert any(action in statement.actions and ARTIFACTS in statement.resources for statement in mine)
    assert any(
        statement.actions == ("s3:ListBucket",) and statement.conditions == {"StringLike": {"s3:prefix": ["mlflow/*"]}}
        for statement in mine
    )


def test_jobs_and_functions_are_told_where_the_app_is(template):
    app = f"arn:aws:sagemaker:{template.environment.region}:111122223333:mlflow-app/app-tracking-app"
    assert _addresses(template) == {app}


def test_with_a_server_there_is_no_app_and_nobody_may_call_one(template_with_server_and_email):
    template = template_with_server_and_email
    assert template.resources("AWS::SageMaker::MlflowApp") == {}
    assert "Tracking/Role" not in template.resources("AWS::IAM::Role")
    for statement in template.role_statements():
        assert CALL not in statement.actions
        assert ARTIFACTS not in statement.resources
    assert _addresses(template) == {"https://mlflow.example.com"}


def _addresses(template):
    """Where the training job, the functions and the reader of the outputs look for MLflow."""
    job = template.state_machine()["States"]["Train"]["Arguments"]["Environment"][names.TRACKING_URI]
    functions = template.properties("AWS::Lambda::Function")
    told = [functions[f"Training/{name}/Function"]["Environment"]["Variables"] for name in ("Judge", "Promote")]
    output = template.plain(template.document["Outputs"][names.OUTPUT_TRACKING_URI])["Value"]
    return {job, *(variables[names.TRACKING_URI] for variables in told), output}


def test_the_regions_without_the_app_are_those_of_cloudformations_schemas():
    folder = Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"
    offered = {
        file.stem: "AWS::SageMaker::MlflowApp" in json.loads(file.read_text()) for file in folder.glob("*-*.json")
    }
    assert len(offered) > 30
    assert {region for region, has in offered.items() if not has} == WITHOUT_MLFLOW_APP


def test_a_region_without_the_app_is_refused_at_synth_unless_a_server_is_given():
    far = dataclasses.replace(ENVIRONMENTS[0], region="ap-east-1")
    with pytest.raises(UnusableTracking, match=r"no MLflow App in ap-east-1\. .*MLFLOW_TRACKING_URI"):
        EvergreenStack(App(), deployment_to(far))
    EvergreenStack(App(), deployment_to(far, tracking_url="https://mlflow.example.com"))


def with_login(folder, **changes):
    app = App(outdir=str(folder), context={"aws:cdk:enable-path-metadata": True})
    dev = ENVIRONMENTS[0]
    EvergreenStack(app, deployment_to(dev, tracking_url=TRACKING_URL, tracking_secret="mlflow/login", **changes))
    app.synth()
    return Template(dev, folder / "evergreen-dev.template.json")


def test_a_login_is_read_by_those_who_log_and_by_nobody_else(tmp_path):
    template = with_login(tmp_path)
    secret = f"arn:aws:secretsmanager:{template.environment.region}:111122223333:secret:mlflow/login-??????"
    may = {s.who: s.resources for s in template.role_statements() if s.actions == ("secretsmanager:GetSecretValue",)}
    assert may == dict.fromkeys(CLIENTS, (secret,))
    functions = template.properties("AWS::Lambda::Function")
    told = {path for path, function in functions.items() if names.TRACKING_SECRET in str(function["Environment"])}
    assert told == {"Training/Judge/Function", "Training/Promote/Function"}
    assert template.state_machine()["States"]["Train"]["Arguments"]["Environment"][names.TRACKING_SECRET] == (
        "mlflow/login"
    )


def test_without_a_login_nothing_speaks_of_secrets(template_with_server_and_email):
    assert "ecret" not in json.dumps(template_with_server_and_email.document)


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("https://me:pass@mlflow.example.com", None, "holds a login.*Secrets Manager.*EVERGREEN_MLFLOW_SECRET"),
        ("http://mlflow.example.com", "login", "https://"),
        (None, "login", "MLFLOW_TRACKING_URI must be its https:// URL"),
        (TRACKING_URL, "arn:aws:secretsmanager:us-east-1:1:secret:login-abcdef", "not its ARN"),
        (TRACKING_URL, "log*", "must be the name of a secret"),
    ],
)
def test_a_login_that_would_not_stay_secret_is_refused_at_synth(url, secret, words):
    with pytest.raises(UnusableTracking, match=words) as refused:
        EvergreenStack(App(), deployment_to(ENVIRONMENTS[0], tracking_url=url, tracking_secret=secret))
    assert "pass@" not in str(refused.value)
