"""MLflow: an App of the stack's own, or a server that is given, never both."""

import dataclasses
import json
from pathlib import Path

import cfnlint
import pytest
from aws_cdk import App

from evergreen import names
from infra.environments import ENVIRONMENTS
from infra.stacks import EvergreenStack
from infra.tracking import WITHOUT_APP, UnsupportedRegion
from tests.infrastructure.conftest import deployment_to

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
    assert {region for region, has in offered.items() if not has} == WITHOUT_APP


def test_a_region_without_the_app_is_refused_at_synth_unless_a_server_is_given():
    far = dataclasses.replace(ENVIRONMENTS[0], region="ap-east-1")
    with pytest.raises(UnsupportedRegion, match=r"no MLflow App in ap-east-1\. .*MLFLOW_TRACKING_URI"):
        EvergreenStack(App(), deployment_to(far))
    EvergreenStack(App(), deployment_to(far, tracking_url="https://mlflow.example.com"))
