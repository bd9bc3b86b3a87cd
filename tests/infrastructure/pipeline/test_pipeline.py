"""The roles that workflows on GitHub take on. The embedded cloud makes no identity provider and verifies no signature:
what AWS will ask is asserted here. tests/end_to_end/whole/test_workflows.py takes them on.
"""

import json
import re

import pytest
from aws_cdk import App
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from evergreen import names
from infra.environments import ENVIRONMENTS
from infra.pipeline.repository import UnusableRepository, subject_of
from infra.pipeline.roles import session_seconds
from infra.pipeline.stack import PipelineStack
from infra.stacks import EvergreenStack
from tests.infrastructure.conftest import deployment_to

REPOSITORY = "octo-org@12/houses.model_1@345"


def synthesised(folder, *, repository=REPOSITORY, existing=False):
    app = App(outdir=str(folder))
    PipelineStack(app, ENVIRONMENTS, repository=repository, existing_provider=existing)
    app.synth()
    return (folder / "evergreen-pipeline.template.json").read_text()


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return synthesised(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def template(text):
    return json.loads(text)


def of_type(template, type_):
    return {id_: found["Properties"] for id_, found in template["Resources"].items() if found["Type"] == type_}


def plain(value):
    """A name that is joined from parts, with {} for what the account gives."""
    parts = value["Fn::Join"][1] if isinstance(value, dict) else [value]
    return "".join(part if isinstance(part, str) else "{}" for part in parts)


@pytest.fixture(scope="module")
def roles(template):
    """Role name to its properties and all that it may."""
    found = of_type(template, "AWS::IAM::Role")
    policies = list(of_type(template, "AWS::IAM::Policy").values())
    return {
        properties["RoleName"]: (
            properties,
            [
                statement
                for policy in policies
                if policy["Roles"] == [{"Ref": id_}]
                for statement in policy["PolicyDocument"]["Statement"]
            ],
        )
        for id_, properties in found.items()
    }


@pytest.mark.parametrize(
    ("role", "job"),
    [
        ("evergreen-pipeline-dev", "environment:dev"),
        ("evergreen-pipeline-prod", "environment:prod"),
        ("evergreen-pipeline-pull-request", "pull_request"),
    ],
)
def test_a_role_trusts_one_kind_of_job_of_one_repository(template, roles, role, job):
    (trust,) = roles[role][0]["AssumeRolePolicyDocument"]["Statement"]
    (provider,) = of_type(template, "AWS::IAM::OIDCProvider")

    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Principal"] == {"Federated": {"Ref": provider}}
    # StringEquals: a pattern would also let in the repositories whose names it matches.
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:{REPOSITORY}:{job}",
        }
    }


def test_there_is_one_role_for_each_job_and_each_is_an_output(template, roles):
    jobs = [*(environment.name for environment in ENVIRONMENTS), names.PULL_REQUEST]

    assert set(roles) == {names.pipeline_role(job) for job in jobs}
    assert {names.output_pipeline_role(job) for job in jobs} | {"Repository"} == set(template["Outputs"])
    assert template["Outputs"]["Repository"]["Value"] == REPOSITORY


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_a_deploying_role_may_take_on_two_roles_of_the_bootstrap_and_nothing_else(roles, environment):
    _, (statement,) = roles[names.pipeline_role(environment.name)]

    assert statement["Action"] == "sts:AssumeRole"
    # Not the lookup role, which reads everything in the account.
    assert [plain(resource) for resource in statement["Resource"]] == [
        f"arn:{{}}:iam::{{}}:role/cdk-hnb659fds-{purpose}-{{}}-{environment.region}"
        for purpose in ("deploy-role", "file-publishing-role")
    ]


def test_a_session_lasts_as_long_as_a_deployment_and_a_training_may(roles):
    for environment in ENVIRONMENTS:
        lasts = roles[names.pipeline_role(environment.name)][0]["MaxSessionDuration"]
        assert lasts == session_seconds(environment)
        assert environment.prepare_seconds + environment.train_seconds < lasts <= 12 * 3600


def test_a_pull_request_may_only_read_devs_template(roles):
    _, (statement,) = roles["evergreen-pipeline-pull-request"]

    assert sorted(statement["Action"]) == ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"]
    assert plain(statement["Resource"]) == "arn:{}:cloudformation:us-east-1:{}:stack/evergreen-dev/*"


def test_the_table_of_grants_lists_what_the_roles_may_and_whom_they_trust(checkout, roles):
    regions = {environment.region for environment in ENVIRONMENTS}
    account = re.compile("|".join([r"\{\}", *regions]))

    def symbolic(resource):
        name = account.sub("*", plain(resource)).rpartition(":")[2]
        return re.sub(r"cdk-hnb659fds-(.*)-\*-\*", r"cdk-<qualifier>-\1-<account>-<region>", name)

    granted = {
        (name, action, symbolic(resource), subject_of_trust(properties))
        for name, (properties, statements) in roles.items()
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    text = (checkout / "docs" / "grants.md").read_text().partition("## The pipeline")[2]
    rows = [
        [re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    assert {(who, action, on, job) for (who,), actions, (on,), (job,) in rows for action in actions} == granted


def listed(value):
    return value if isinstance(value, list) else [value]


def subject_of_trust(properties):
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    return subject.removeprefix(f"repo:{REPOSITORY}:")


def test_a_provider_that_is_there_already_is_only_referred_to(tmp_path):
    template = json.loads(synthesised(tmp_path, existing=True))

    assert of_type(template, "AWS::IAM::OIDCProvider") == {}
    for role in of_type(template, "AWS::IAM::Role").values():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        provider = plain(trust["Principal"]["Federated"])
        assert provider == "arn:{}:iam::{}:oidc-provider/token.actions.githubusercontent.com"


def test_cfn_lint_finds_nothing(text):
    assert [str(match) for match in lint(text, config=ManualArgs(regions=["us-east-1", "eu-central-1"]))] == []


@pytest.mark.parametrize("name", ["octo/houses", "a/b", "Octo-Org_corp/.github", "octo@1/houses@2", "o/" + "r" * 100])
def test_a_repository_is_taken_as_github_writes_it(name):
    assert subject_of(name) == f"repo:{name}"


@pytest.mark.parametrize(
    "name",
    [
        "houses",
        "octo/",
        "/houses",
        "octo/houses/main",
        "octo/*",
        "oct?/houses",
        "octo/houses:environment:dev",
        "octo/houses\n",
        "-octo/houses",
        "octo/..",
        "octo/.",
        "octo@1/..@2",
        "octo@1/houses",
        "octo/houses@2",
        "octo@x/houses@2",
        "oc\N{LATIN SMALL LETTER T WITH CARON}o/houses",
        "octo@\N{ARABIC-INDIC DIGIT ONE}/houses@2",
        "o" * 41 + "/houses",
        "octo/" + "r" * 101,
        "https://github.com/octo/houses",
    ],
)
def test_what_no_repository_can_be_called_is_refused(name):
    with pytest.raises(UnusableRepository, match=re.escape(name)):
        subject_of(name)


def test_the_policy_of_the_commands_is_attached_to_a_role_that_is_named(tmp_path):
    app = App(outdir=str(tmp_path))
    EvergreenStack(app, deployment_to(ENVIRONMENTS[0], user_role="evergreen-pipeline-dev"))
    app.synth()
    template = json.loads((tmp_path / "evergreen-dev.template.json").read_text())

    (policy,) = of_type(template, "AWS::IAM::ManagedPolicy").values()
    assert policy["Roles"] == ["evergreen-pipeline-dev"]
    assert policy["ManagedPolicyName"] == "evergreen-dev-user"
