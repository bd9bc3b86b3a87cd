"""evergreen github, against a GitHub on this machine and a pipeline stack in the embedded cloud."""

import json
import os
import subprocess

import pytest
from typer.testing import CliRunner

from cli.main import app
from evergreen.errors import CommandFailed
from tests.fake_github import TOKEN, FakeGitHub

pytestmark = pytest.mark.usefixtures("github")
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/evergreen-pipeline"
VARIABLES = {
    "AWS_ROLE_DEV": f"{ROLE}-dev",
    "AWS_ROLE_PROD": f"{ROLE}-prod",
    "AWS_ROLE_PULL_REQUEST": f"{ROLE}-pull-request",
    "AWS_REGION_DEV": "us-east-1",
    "AWS_REGION_PROD": "eu-central-1",
    "AWS_ACCOUNT": ACCOUNT,
}


@pytest.fixture
def github(monkeypatch):
    fake = FakeGitHub()
    monkeypatch.setenv("GITHUB_API_URL", fake.url)
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield fake
    fake.close()


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A function that makes the current folder a clone of an address; without one, it has no remote."""

    def _clone(url=None):
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
        if url:
            subprocess.run(["git", "remote", "add", "origin", url], cwd=tmp_path, check=True)
        monkeypatch.chdir(tmp_path)

    return _clone


@pytest.fixture
def pipeline(aws, monkeypatch, eventually):
    """A function that puts a pipeline stack that trusts a repository into the account of this process."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    cloudformation = aws.client("cloudformation")

    def _pipeline(repository="octo-org/houses"):
        outputs = {
            name: {"Value": f"{ROLE}-{job}"}
            for name, job in [("RoleDev", "dev"), ("RoleProd", "prod"), ("RolePullRequest", "pull-request")]
        }
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {**outputs, "Repository": {"Value": repository}},
        }
        cloudformation.create_stack(StackName="evergreen-pipeline", TemplateBody=json.dumps(template))
        status = lambda: cloudformation.describe_stacks(StackName="evergreen-pipeline")["Stacks"][0]["StackStatus"]  # noqa: E731
        eventually(lambda: status() == "CREATE_COMPLETE")

    yield _pipeline
    cloudformation.delete_stack(StackName="evergreen-pipeline")


def run(*arguments):
    answer = CliRunner().invoke(app, ["github", *arguments])
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return " ".join(answer.output.split())


def test_environments_and_variables_are_set_and_the_second_time_nothing_is_done(github, pipeline, clone):
    pipeline()
    clone("git@github.com:octo-org/houses.git")

    said = run("--alarm-email", "alarms@example.com")

    assert github.variables == {**VARIABLES, "EVERGREEN_ALARM_EMAIL": "alarms@example.com"}
    # The role of an environment is as safe as the rule of who may use the environment.
    assert github.policies == {"dev": ["main"], "prod": ["main"]}
    assert "reviewers" not in github.environments["dev"]
    assert github.environments["prod"]["reviewers"] == [{"type": "User", "id": 1007}]
    assert "evergreen-pipeline in account 000000000000 trusts octo-org/houses" in said
    assert "environment prod: only of main, waits for octocat" in said

    github.requests.clear()
    assert "has all environments and variables already" in run("--alarm-email", "alarms@example.com")
    assert github.requests == []


def test_only_a_variable_that_differs_is_changed(github, pipeline):
    pipeline()
    run("--repository", "octo-org/houses")
    github.variables["AWS_ROLE_DEV"] = "another"
    github.requests.clear()

    run("--repository", "octo-org/houses")

    ((method, path, body),) = github.requests
    assert (method, path) == ("PATCH", "/repos/octo-org/houses/actions/variables/AWS_ROLE_DEV")
    assert body == {"name": "AWS_ROLE_DEV", "value": VARIABLES["AWS_ROLE_DEV"]}


def test_an_environment_of_ones_own_keeps_its_rules_and_an_open_one_is_named(github, pipeline):
    pipeline()
    github.environments["prod"] = {"name": "prod", "deployment_branch_policy": {"protected_branches": True}}
    github.environments["dev"] = {"name": "dev", "deployment_branch_policy": None}

    said = run("--repository", "octo-org/houses", "--reviewer", "hubot")

    assert not [path for method, path, _ in github.requests if "/environments/" in path]
    assert "every branch may use the environment dev" in said
    assert "may use the environment prod" not in said


def test_reviewers_are_named_or_done_without(github, pipeline):
    pipeline()
    run("--repository", "octo-org/houses", "--no-approval")
    assert "reviewers" not in github.environments["prod"]

    github.environments.clear()
    run("--repository", "octo-org/houses", "--reviewer", "hubot", "--reviewer", "monalisa")
    assert [each["id"] for each in github.environments["prod"]["reviewers"]] == [1005, 1008]


def test_a_dry_run_changes_nothing_and_prints_commands(github, pipeline):
    pipeline("octo-org/old-name")

    said = run("--repository", "octo-org/houses", "--dry-run")

    assert github.requests == []
    assert "cdk deploy evergreen-pipeline -c pipeline=octo-org/houses" in said
    assert (
        f"gh api --method POST repos/octo-org/houses/actions/variables -f name=AWS_ACCOUNT -f value={ACCOUNT}" in said
    )
    assert "gh api --method PUT repos/octo-org/houses/environments/prod --input - <<<" in said


def test_numbers_are_part_of_the_name_where_github_adds_them(github, pipeline):
    pipeline("octo-org@12/houses@345")
    github.sub = {"use_default": True, "use_immutable_subject": True}

    assert "trusts octo-org@12/houses@345" in run("--repository", "octo-org/houses")

    github.sub |= {"sub_claim_prefix": "repo:octo-org@99/houses@1"}
    assert "-c pipeline=octo-org@99/houses@1" in run("--repository", "octo-org/houses", "--dry-run")


def test_a_provider_of_the_account_is_used(pipeline, aws):
    provider = aws.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )["OpenIDConnectProviderArn"]
    try:
        pipeline("octo-org/other")
        assert "-c oidc-provider=existing" in run("--repository", "octo-org/houses", "--dry-run")
    finally:
        aws.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert "-c oidc-provider" not in run("--repository", "octo-org/houses", "--dry-run")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/octo-org/houses", "octo-org/houses"),
        ("https://github.com/octo-org/houses.git/", "octo-org/houses"),
        ("ssh://git@github.com:22/octo-org/my.houses.git", "octo-org/my.houses"),
        ("git@github.example.com:octo-org/houses.git", "octo-org/houses"),
    ],
)
def test_the_repository_is_that_of_the_remote(github, clone, url, name):
    clone(url)
    github.name = "nobody/nothing"

    with pytest.raises(CommandFailed, match=f"GitHub has no repository {name},"):
        run()


def refused(status, headers=None, message="", where=""):
    return lambda _method, path: (status, headers or {}, {"message": message}) if where in path else None


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (refused(401, message="Bad credentials"), "refuses the token: Bad credentials"),
        (refused(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000000"}), "try again after 08:00 UTC"),
        (refused(429, {"retry-after": "60"}), "try again in 60 s"),
        (refused(403, message="Resource not accessible", where="/variables"), "may not GET .*variables.*scope `repo`"),
        (refused(404, message="Not Found"), "GitHub has no repository octo-org/houses, or the token may not see it"),
        (refused(502, message="Bad Gateway"), "answers 502 to GET repos/octo-org/houses: Bad Gateway"),
    ],
)
def test_a_refusal_is_one_message_with_its_remedy(github, pipeline, refusal, said):
    pipeline()
    github.refusal = refusal

    with pytest.raises(CommandFailed, match=said):
        run("--repository", "octo-org/houses")


def test_a_plan_without_reviewers_is_told_in_githubs_words(github, pipeline):
    pipeline()
    github.refusal = lambda method, _path: (
        (422, {}, {"message": "Failed to create the environment protection rule", "errors": ["billing plan"]})
        if method == "PUT"
        else None
    )
    with pytest.raises(CommandFailed, match="422 to PUT .*protection rule: billing plan"):
        run("--repository", "octo-org/houses")


def test_without_a_login_there_is_one_message(monkeypatch):
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.setenv("GITHUB_TOKEN", "")
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CommandFailed, match="no login at GitHub: run `gh auth login`"):
        run("--repository", "octo-org/houses")


def test_the_login_of_gh_is_used(monkeypatch, tmp_path):
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/sh\n[ "$*" = "auth token" ] && echo wrong-token\n')
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    with pytest.raises(CommandFailed, match="refuses the token"):
        run("--repository", "octo-org/houses")


def test_a_github_that_does_not_answer_is_one_message(github):
    github.close()
    with pytest.raises(CommandFailed, match=f"GitHub cannot be reached at {github.url}: "):
        run("--repository", "octo-org/houses")


def test_a_clone_without_a_remote_is_told_how_to_name_the_repository(clone):
    clone()
    with pytest.raises(CommandFailed, match="no remote `origin`.*--repository OWNER/REPO"):
        run()


@pytest.mark.parametrize("name", ["houses", "octo/*", "octo@1/houses@2", "octo/houses?x=1"])
def test_a_name_that_github_cannot_have_is_refused_before_any_request(name):
    with pytest.raises(CommandFailed, match="is not a repository of GitHub"):
        run("--repository", name)


def test_a_renamed_repository_is_told_its_name(github):
    github.repository["full_name"] = "octo-org/Houses"
    with pytest.raises(CommandFailed, match="is called octo-org/Houses on GitHub"):
        run("--repository", "octo-org/houses")


def test_who_is_no_administrator_is_told_so(github):
    github.repository["permissions"] = {"admin": False, "push": True}
    with pytest.raises(CommandFailed, match="no administrator of octo-org/houses"):
        run("--repository", "octo-org/houses")


def test_a_subject_of_ones_own_making_is_refused_with_the_way_back(github, pipeline):
    pipeline()
    github.sub = {"use_default": False, "include_claim_keys": ["repo", "context"]}
    with pytest.raises(CommandFailed, match="gh api --method PUT .*oidc/customization/sub -F use_default=true"):
        run("--repository", "octo-org/houses")
