"""The rules that the workflows keep: what each job may do, what its steps are, and that ship.sh does the same."""

import re
import subprocess

import pytest

from infra.environments import ENVIRONMENTS
from infra.pipeline.roles import session_seconds
from tests.workflows import FOLDER, MAIN, PULL_REQUEST, Workflow, composite_steps, expressions

WORKFLOWS = [PULL_REQUEST, MAIN]
# What begins a line of a step: the commands of this repository, and what hands their result to GitHub.
PROGRAMS = ("make ", "evergreen ", "cdk ", "cat ")


@pytest.fixture(params=WORKFLOWS)
def workflow(request):
    return Workflow(request.param)


def test_there_are_no_others():
    assert sorted(file.stem for file in (FOLDER / "workflows").iterdir()) == sorted(WORKFLOWS)


def test_each_action_is_pinned_by_its_commit_and_says_its_version(workflow):
    for text in (workflow.text, (FOLDER / "actions" / "setup" / "action.yml").read_text()):
        for line in re.findall(r"uses: (.*)", text):
            assert line == "./.github/actions/setup" or re.fullmatch(
                r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line
            )


def test_a_version_has_one_commit():
    texts = [file.read_text() for file in FOLDER.rglob("*.yml")]
    pins = {tuple(line.split("@")) for text in texts for line in re.findall(r"uses: (\S+@[0-9a-f]{40})", text)}
    assert len({action for action, _ in pins}) == len(pins)


def test_no_expression_stands_in_what_a_shell_runs(workflow):
    # What an expression gives becomes part of the program: a branch may be called $(...).
    for run in [step.run for step in workflow.all_steps()] + [step.get("run", "") for step in composite_steps()]:
        assert expressions(run) == []


def test_there_is_no_secret_but_the_token_of_the_run(workflow):
    assert "secrets." not in workflow.text
    jobs = {
        step.job for step in workflow.all_steps() if any("github.token" in value for value in step.variables.values())
    }
    assert jobs <= {"comment"}


def test_a_job_may_only_what_it_names(workflow):
    assert workflow.content["permissions"] == {}
    for name, job in workflow.jobs.items():
        assert "permissions" in job, name
        assert 0 < job["timeout-minutes"] <= 360, name


def test_what_each_job_may():
    pull_request, main = Workflow(PULL_REQUEST), Workflow(MAIN)
    token = {"contents": "read", "id-token": "write"}

    assert {name: job["permissions"] for name, job in pull_request.jobs.items()} == {
        "test": {"contents": "read"},
        "infrastructure": token,
        "training": {"contents": "read"},
        "comment": {"pull-requests": "write"},
    }
    assert {name: job["permissions"] for name, job in main.jobs.items()} == {
        "test": {"contents": "read"},
        "dev": token,
        "prod": token,
    }


def test_code_of_a_pull_request_never_meets_a_token_that_may_write():
    workflow = Workflow(PULL_REQUEST)

    # pull_request_target and workflow_run would give a fork's code the rights of the repository.
    assert workflow.events == {"pull_request": None}
    assert Workflow(MAIN).events == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    comment = workflow.steps("comment")
    assert [step.uses for step in comment if step.uses] == ["actions/download-artifact"]
    assert "head.repo.full_name == github.repository" in workflow.jobs["comment"]["if"]
    for step in workflow.all_steps():
        if step.uses == "actions/checkout":
            assert step.content["with"]["persist-credentials"] is False
            assert "ref" not in step.content["with"]


def test_a_role_is_taken_on_only_where_its_trust_lets_it(workflow):
    for step in workflow.all_steps():
        if step.uses != "aws-actions/configure-aws-credentials":
            continue
        job = workflow.jobs[step.job]
        wanted = "PULL_REQUEST" if workflow.file.stem == PULL_REQUEST else step.job.upper()
        assert step.content["with"]["role-to-assume"] == f"${{{{ vars.AWS_ROLE_{wanted} }}}}"
        # The subject of the job's token names the environment, which the role's trust asks for.
        assert job.get("environment") == (None if wanted == "PULL_REQUEST" else step.job)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_a_session_lasts_as_long_as_its_role_lets_it_and_the_job_no_longer(environment):
    workflow = Workflow(MAIN)
    (given,) = [step for step in workflow.steps(environment.name) if "configure-aws-credentials" in step.uses]
    seconds = given.content["with"]["role-duration-seconds"]

    assert seconds == session_seconds(environment)
    # GitHub ends every job after six hours.
    assert workflow.jobs[environment.name]["timeout-minutes"] * 60 >= min(seconds, 330 * 60)


def test_the_order_can_be_read_off_the_file():
    workflow = Workflow(MAIN)

    assert list(workflow.jobs) == ["test", "dev", "prod"]
    assert (workflow.jobs["dev"]["needs"], workflow.jobs["prod"]["needs"]) == ("test", "dev")
    for environment in ("dev", "prod"):
        names = [step.name for step in workflow.steps(environment) if step.run]
        assert names == ["Deploy", "Train", "Validate", "Smoke", "Back to the version before"]


def test_no_deployment_is_ended_on_its_way():
    workflow = Workflow(MAIN)

    groups = {name: job["concurrency"] for name, job in workflow.jobs.items()}
    assert groups["dev"] == {"group": "deploy-dev", "cancel-in-progress": False}
    assert groups["prod"] == {"group": "deploy-prod", "cancel-in-progress": False}
    assert groups["test"]["cancel-in-progress"] is True
    assert "concurrency" not in workflow.content


def test_what_a_step_does_is_a_command_of_this_repository(workflow):
    for step in workflow.all_steps():
        lines = step.run.strip().splitlines()
        assert len(lines) <= 5, step.name
        if step.job != "comment":
            assert all(line.startswith(PROGRAMS) for line in lines), step.name


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_ship_does_the_same_in_the_same_order(checkout, tmp_path, environment):
    """With programs that only say how they were called; the check of the endpoint fails, so that all of it is seen."""
    said = run_ship(
        checkout, tmp_path, "-e", environment, "--data", "abc", "--user-role", f"evergreen-pipeline-{environment}"
    )

    workflow = Workflow(MAIN)
    steps = [step for job in ("test", environment) for step in workflow.steps(job) if step.run]
    lines = [line for step in steps for line in step.run.strip().splitlines() if not line.startswith("cat ")]
    assert [called(line) for line in said] == [called(line) for line in lines]


def called(line):
    """Program, verb and environment of a command; what differs in a file's name, or is only shown, is left out."""
    line = re.sub(r' --(outcome|comment) \S+| --data \S+|"\$VERSION" |the-version |"', "", line)
    return line.strip()


@pytest.mark.parametrize("promoted", ["true", "false"])
def test_ship_goes_back_only_from_a_model_that_it_has_promoted(checkout, tmp_path, promoted):
    said = run_ship(checkout, tmp_path, promoted=promoted)

    assert ("evergreen rollback -e dev" in said) == (promoted == "true")


def test_ship_ends_well_if_the_endpoint_does(checkout, tmp_path):
    said = run_ship(checkout, tmp_path, smoke=0)

    assert said[-1] == "evergreen smoke -e dev"


@pytest.mark.parametrize(
    ("arguments", "words"), [(("-e", "staging"), "there are dev and prod"), (("--fast",), "is no option")]
)
def test_ship_refuses_what_it_does_not_know(checkout, arguments, words):
    answer = subprocess.run([checkout / "scripts" / "ship.sh", *arguments], capture_output=True, text=True, check=False)

    assert answer.returncode == 1
    assert words in answer.stderr


def test_ship_explains_itself(checkout):
    answer = subprocess.run([checkout / "scripts" / "ship.sh", "--help"], capture_output=True, text=True, check=True)

    assert "-e, --environment" in answer.stdout


def run_ship(checkout, folder, *arguments, promoted="true", smoke=1):
    """The commands that scripts/ship.sh calls in a copy of the checkout that has only it."""
    (folder / "scripts").mkdir()
    script = folder / "scripts" / "ship.sh"
    script.write_bytes((checkout / "scripts" / "ship.sh").read_bytes())
    script.chmod(0o755)
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    for program in ("make", "cdk", "evergreen"):
        file = tools / program
        file.write_text(
            f"""#!/bin/bash
echo "{program} $*" >>"{folder}/called"
while [ $# -gt 0 ]; do
    case "$1" in
    --outcome) printf 'version=the-version\\npromoted={promoted}\\ndata=abc\\n' >"$2" ;;
    smoke) exit {smoke} ;;
    esac
    shift
done
"""
        )
        file.chmod(0o755)
    answer = subprocess.run([script, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == smoke, answer.stderr
    return (folder / "called").read_text().splitlines()
