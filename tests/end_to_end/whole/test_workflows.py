"""The steps of both workflows on GitHub, read from their files and run in order, under the roles that they take on."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT, Target
from cli.console import Steps
from cli.demo import candidates
from cli.embedded import SETTINGS, deployed_cloud
from cli.main import app
from evergreen import names
from local.environments import UNKIND
from tests.end_to_end.clouds import Deployed, environment
from tests.fake_github import TOKEN, FakeGitHub
from tests.workflows import MAIN, PULL_REQUEST, Workflow, expressions, filled

ACCOUNT = "000000000000"
REPOSITORY = "repo:octo-org/houses"
# Steps that are not run here, each with its reason.
ACTIONS = {
    "actions/checkout": "this is a checkout",
    "./.github/actions/setup": "the tools are installed: these tests run by them",
    "aws-actions/configure-aws-credentials": "GitHub's tokens are not to be had; the role is taken on by other means",
    "actions/upload-artifact": "the next job finds the files where this one has written them",
    "actions/download-artifact": "the same",
}
# It is run by itself, and takes minutes.
NOT_AGAIN = {"make test"}
# Conditions of steps, by whether they hold when all that was before has gone well.
ALWAYS = {"": True, "!cancelled()": True}
FAILED_SMOKE = "failure() && steps.smoke.outcome == 'failure' && steps.train.outputs.promoted == 'true'"
_TOOLS = [Path(sys.executable).parent, CHECKOUT / "node_modules" / ".bin"]


class Job:
    """Runs the steps of a job as a runner does: one after the other, in a shell, with what GitHub gives them."""

    def __init__(self, workflow, name, *, environment, contexts, conditions=None, folder=CHECKOUT, scratch):
        self.steps = Workflow(workflow).steps(name)
        self.contexts, self.conditions = dict(contexts), {**ALWAYS, **(conditions or {})}
        self.output, self.summary = scratch / f"{workflow}-{name}-output", scratch / f"{workflow}-{name}-summary"
        self.output.touch()
        self.folder = folder
        self.environment = {
            **{key: value for key, value in environment.items() if not key.startswith("EVERGREEN_UNKIND")},
            **SETTINGS,
            "CDK_DISABLE_VERSION_CHECK": "1",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "PATH": os.pathsep.join([*map(str, _TOOLS), environment["PATH"]]),
        }

    def run(self):
        """The names of the steps that ran. Raises AssertionError if one fails."""
        ran = []
        for step in self.steps:
            if step.uses:
                assert step.uses in ACTIONS, step.uses
            elif step.run not in NOT_AGAIN and self.conditions[step.condition]:
                self.step(step)
                ran.append(step.name)
        return ran

    def step(self, step):
        variables = {name: filled(value, self._contexts()) for name, value in step.variables.items()}
        answer = subprocess.run(
            ["bash", "-e", "-c", step.run],
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, f"{step.name}: {answer.stdout[-3000:]}{answer.stderr[-3000:]}"

    def named(self, name):
        (found,) = [step for step in self.steps if step.name == name]
        return found

    def outputs(self):
        """What `id: train` has written."""
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())

    def _contexts(self):
        return {**self.contexts, **{f"steps.train.outputs.{name}": value for name, value in self.outputs().items()}}


@pytest.fixture(scope="module", autouse=True)
def trained(tmp_path_factory):
    """A cloud of its own: of an alarm that another test has made fire, the smoke of a push would say that it fires."""
    home = tmp_path_factory.mktemp("workflows") / "cloud"
    with environment({UNKIND: "1"}), deployed_cloud(home, Steps(), port=None) as (embedded, target):
        cloud = Deployed(embedded, target)
        with environment(embedded.environment()):
            assert cloud.train()["promote"]
            yield cloud


@pytest.fixture(scope="module", autouse=True)
def _clean():
    yield
    shutil.rmtree(CHECKOUT / "result", ignore_errors=True)


@pytest.fixture(scope="module")
def without_account(trained):
    """The environment of a job that takes on no role."""
    cloud = trained.embedded.environment()
    return {name: value for name, value in os.environ.items() if name not in cloud and not name.startswith("AWS_")} | {
        "PATH": os.environ["PATH"]
    }


@pytest.fixture(scope="module")
def variables(trained):
    """What `evergreen github` sets, once it has deployed the roles. The engine knows no provider as a resource."""
    trained.target.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )
    github = FakeGitHub()
    settings = {**SETTINGS, "GITHUB_API_URL": github.url, "GH_TOKEN": TOKEN, "GITHUB_TOKEN": ""}
    answer = CliRunner(env=settings).invoke(app, ["github", "--repository", github.name])
    github.close()
    assert answer.exit_code == 0, answer.output + str(answer.exception)
    return {**github.variables, "EVERGREEN_ALARM_EMAIL": ""}


def token(subject, audience="sts.amazonaws.com"):
    """As GitHub's identity provider makes them, without a signature: the engine verifies none."""
    claims = {"iss": "https://token.actions.githubusercontent.com", "aud": audience, "sub": subject}
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


@pytest.fixture(scope="module")
def take_on(trained, variables):
    """A function that gives the credentials of a role to the bearer of a token."""
    sts = trained.target.client("sts")

    def credentials(role, subject, **claims):
        arn = variables[f"AWS_ROLE_{role}"]
        return sts.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="job", WebIdentityToken=token(subject, **claims)
        )["Credentials"]

    return credentials


@pytest.fixture(scope="module")
def as_role(take_on):
    """A function that gives the environment of a job which has taken on its role."""

    def environment(role, subject):
        given = take_on(role, subject)
        return {
            **os.environ,
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    return environment


def contexts_of(variables, **more):
    return {**{f"vars.{name}": value for name, value in variables.items()}, **more}


def pull_request(variables, *, own):
    deployed = "vars.AWS_ROLE_PULL_REQUEST != '' && github.event.pull_request.head.repo.full_name == github.repository"
    return {
        "contexts": {
            **contexts_of(variables),
            # `origin/${{ github.base_ref }}`: a branch of this clone that is there, whatever it has been cloned from.
            "github.base_ref": "evergreen-base",
            deployed: str(own).lower(),
        },
        "conditions": {"env.DEPLOYED == 'true'": own, "env.DEPLOYED != 'true'": not own},
    }


@pytest.fixture(scope="module", autouse=True)
def _base():
    """The base branch, as a fetch leaves it: at the commit of this checkout."""
    reference = "refs/remotes/origin/evergreen-base"
    subprocess.run(["git", "update-ref", reference, "HEAD"], cwd=CHECKOUT, check=True)
    yield
    subprocess.run(["git", "update-ref", "-d", reference], cwd=CHECKOUT, check=True)


@pytest.mark.parametrize(
    ("role", "subject", "audience"),
    [
        ("DEV", f"{REPOSITORY}:environment:prod", "sts.amazonaws.com"),
        ("DEV", f"{REPOSITORY}:ref:refs/heads/main", "sts.amazonaws.com"),
        ("DEV", f"{REPOSITORY}-2:environment:dev", "sts.amazonaws.com"),
        ("DEV", f"{REPOSITORY}:environment:dev", "https://github.com/octo-org"),
        ("PROD", f"{REPOSITORY}:pull_request", "sts.amazonaws.com"),
        ("PULL_REQUEST", f"{REPOSITORY}:environment:dev", "sts.amazonaws.com"),
        ("PULL_REQUEST", "repo:octo-org@12/houses@345:pull_request", "sts.amazonaws.com"),
    ],
)
def test_a_job_takes_on_no_role_but_its_own(take_on, role, subject, audience):
    with pytest.raises(ClientError, match="AccessDenied"):
        take_on(role, subject, audience=audience)


def test_a_pull_request_is_compared_with_what_is_deployed_by_a_role_that_may_only_read_it(variables, as_role, tmp_path):
    own = pull_request(variables, own=True)
    job = Job(
        PULL_REQUEST,
        "infrastructure",
        environment=as_role("PULL_REQUEST", f"{REPOSITORY}:pull_request"),
        scratch=tmp_path,
        **own,
    )

    assert job.run() == ["Compare with what is deployed", "Show it on the page of this run"]

    # The managed policy gets its role: nothing else would change.
    assert "compared with what is deployed" in job.summary.read_text()
    assert "`~` `AWS::IAM::ManagedPolicy` `User/Policy`" in job.summary.read_text()


def test_a_forks_pull_request_is_compared_with_the_base_branch_without_any_account(
    variables, without_account, tmp_path
):
    fork = pull_request(variables, own=False)
    job = Job(PULL_REQUEST, "infrastructure", environment=without_account, scratch=tmp_path, **fork)

    assert job.run() == ["Compare with the base branch", "Show it on the page of this run"]

    assert "the template of origin/evergreen-base" in job.summary.read_text()


def test_a_pull_requests_model_is_tried_without_any_account_and_one_comment_says_so(
    variables, without_account, tmp_path
):
    fork = pull_request(variables, own=False)
    job = Job(PULL_REQUEST, "training", environment=without_account, scratch=tmp_path, **fork)

    assert len(job.run()) == 2

    said = job.summary.read_text()
    assert said.startswith("## Training: the model would not be promoted\n")
    assert "it is the same model as the champion" in said
    assert "| **mape** |" in said
    comments = comment_twice(tmp_path, job.summary)
    assert [comment["method"] for comment in comments] == ["POST", "PATCH"]
    assert comments[0]["body"] == f"<!-- evergreen -->\n{said}"
    assert comments[1]["path"] == "repos/octo-org/houses/issues/comments/7"


def comment_twice(folder, result):
    """The requests that the comment's job makes of `gh`, the first time and when its comment is there."""
    work, tools, log = folder / "work", folder / "tools", folder / "log"
    (work / "result").mkdir(parents=True)
    shutil.copyfile(result, work / "result" / "training.md")
    tools.mkdir()
    gh = tools / "gh"
    gh.write_text(
        f"""#!{sys.executable}
import json, pathlib, sys
log, words = pathlib.Path({str(log)!r}), sys.argv[1:]
if "--paginate" in words:
    print(7 if log.exists() else "", end="")
else:
    body = pathlib.Path(words[-1].removeprefix("body=@")).read_text()
    with log.open("a") as file:
        file.write(json.dumps({{"method": words[2], "path": words[3], "body": body}}) + "\\n")
"""
    )
    gh.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    contexts = {"github.token": TOKEN, "github.repository": "octo-org/houses", "github.event.number": "3"}
    job = Job(PULL_REQUEST, "comment", environment=environment, contexts=contexts, folder=work, scratch=folder)
    job.environment["PATH"] = environment["PATH"]
    for _ in range(2):
        job.run()
    return [json.loads(line) for line in log.read_text().splitlines()]


def main_job(job, environment, variables, tmp_path, **more):
    return Job(
        MAIN,
        job,
        environment=environment,
        contexts=contexts_of(variables, **more),
        conditions={"needs.dev.outputs.promoted == 'true'": True, FAILED_SMOKE: False},
        scratch=tmp_path,
    )


def test_a_push_is_deployed_trained_and_validated_and_goes_back_if_the_endpoint_fails(
    trained, variables, as_role, tmp_path
):
    first = Registry(trained.target).champions().present.version
    tree = trained.train(candidates.write_settings(candidates.FIRST, tmp_path / "candidate"))["version"]
    registry = Registry(trained.target)
    # A champion that the checkout's own model beats.
    registry.promote(registry.find(tree))
    environment = as_role("DEV", f"{REPOSITORY}:environment:dev")
    job = main_job("dev", environment, variables, tmp_path)
    try:
        ran = job.run()
        assert ran[:3] == ["Deploy", "Train", "Validate"]
        outputs = job.outputs()
        assert outputs["promoted"] == "true"
        assert registry.champions().present.version == outputs["version"]
        assert f"## Version {outputs['version']}" in job.summary.read_text()
        iam = trained.target.client("iam")
        attached = iam.list_attached_role_policies(RoleName="evergreen-pipeline-dev")["AttachedPolicies"]
        assert [policy["PolicyName"] for policy in attached] == ["evergreen-dev-user"]

        job.step(job.named("Back to the version before"))

        assert registry.champions().present.version == tree
    finally:
        registry.promote(registry.find(first))
    prod = main_job(
        "prod",
        as_role("PROD", f"{REPOSITORY}:environment:prod"),
        variables,
        tmp_path,
        **{"needs.dev.outputs.data": outputs["data"]},
    )
    to_prod(trained, prod, outputs)


def to_prod(trained, job, dev):
    """The same commit and the same version of the table, in another region."""
    bootstrap = ["cdk", "bootstrap", f"aws://{ACCOUNT}/eu-central-1", "--no-notices"]
    environment = {**os.environ, "PATH": job.environment["PATH"]}
    subprocess.run(bootstrap, cwd=trained.embedded.home, env=environment, check=True, capture_output=True)

    job.run()

    outputs = job.outputs()
    assert outputs["promoted"] == "true"
    assert outputs["data"] == dev["data"]
    champion = Registry(Target("prod")).champions().present
    registry = Registry(trained.target)
    assert champion.version == outputs["version"]
    assert champion.digest == registry.find(dev["version"]).decision["digest"]


def test_every_step_is_known():
    for name in (PULL_REQUEST, MAIN):
        for step in Workflow(name).all_steps():
            assert expressions(step.run) == []
            assert step.uses in ACTIONS or step.run
            conditions = {*ALWAYS, FAILED_SMOKE, "needs.dev.outputs.promoted == 'true'"}
            assert step.condition in {*conditions, "env.DEPLOYED == 'true'", "env.DEPLOYED != 'true'"}


def test_the_roles_of_the_pipeline_are_those_of_the_workflows(variables):
    used = {text for name in (PULL_REQUEST, MAIN) for text in expressions(Workflow(name).text)}
    named = {word.removeprefix("vars.") for text in used for word in text.split() if word.startswith("vars.")}

    assert named <= set(variables)
    assert {names.PIPELINE_STACK} == {variables["AWS_ROLE_DEV"].rpartition("/")[2].removesuffix("-dev")}
