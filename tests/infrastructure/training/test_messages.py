"""What the state machine tells people, evaluated: failures in the words of what failed, and decisions."""

import json

import pytest

from tests.infrastructure.training.evaluation import context, evaluate

VERSION = "20261123-204648-97ae"
VARIABLES = {"version": VERSION}


@pytest.fixture
def states(template):
    return template.state_machine()["States"]


# What sagemaker-containers 2.8.6 writes.
OVERWRITTEN = (
    'framework error: \nTraceback (most recent call last):\n  ...\nExecuteUserScriptError:\nCommand "python train.py"'
)
GENERIC = "AlgorithmError: See job logs for more information"
STOPPED = {"StoppingCondition": {"MaxRuntimeInSeconds": 60}}


def explained(states, caught):
    """The variables after ExplainFailure."""
    variables = {**VARIABLES, **caught}
    return {**variables, **evaluate(states["ExplainFailure"]["Assign"], variables)}


def told(states, caught):
    """What NotifyFailure publishes."""
    return evaluate(states["NotifyFailure"]["Arguments"], explained(states, caught), context=context())


CAUSES = {
    "a training job": (
        json.dumps({"TrainingJobName": "x", "FailureReason": "AlgorithmError: no rows are left, exit code: 1"}),
        "no rows are left",
    ),
    "a training job whose toolkit overwrote our words": (
        json.dumps({"TrainingJobName": "train-x", "FailureReason": f"AlgorithmError: {OVERWRITTEN}, exit code: 1"}),
        "the job gave no reason. Its log: CloudWatch, log group /aws/sagemaker/TrainingJobs, streams train-x",
    ),
    "a training job that never started": (
        json.dumps({"TrainingJobName": "x", "FailureReason": "ClientError: Data download failed: no such key"}),
        "ClientError: Data download failed: no such key",
    ),
    "a processing job": (
        json.dumps({"ProcessingJobName": "x", "FailureReason": GENERIC, "ExitMessage": "no column 'price'"}),
        "no column 'price'",
    ),
    "a processing job without a word": (
        json.dumps({"ProcessingJobName": "prepare-x", "FailureReason": GENERIC}),
        "the job gave no reason. Its log: CloudWatch, log group /aws/sagemaker/ProcessingJobs, streams prepare-x",
    ),
    "a training job without a word": (
        json.dumps({"TrainingJobName": "train-x", "FailureReason": GENERIC}),
        "the job gave no reason. Its log: CloudWatch, log group /aws/sagemaker/TrainingJobs, streams train-x",
    ),
    "a training job at its limit": (
        json.dumps({"TrainingJobName": "x", "TrainingJobStatus": "Stopped", **STOPPED}),
        "the job was stopped: by its limit of 60 seconds, which is train_seconds in infra/environments.py, or by "
        "somebody before",
    ),
    "a processing job at its limit": (
        json.dumps({"ProcessingJobName": "x", "ProcessingJobStatus": "Stopped", **STOPPED}),
        "the job was stopped: by its limit of 60 seconds, which is prepare_seconds in infra/environments.py, or by "
        "somebody before",
    ),
    "a function": (json.dumps({"errorMessage": "the bundle is broken", "errorType": "X"}), "the bundle is broken"),
    "plain text": ("Rate exceeded (Service: AmazonSageMaker)", "Rate exceeded (Service: AmazonSageMaker)"),
    "other JSON": ('{"Status": "Stopped"}', '{"Status": "Stopped"}'),
    "JSON cut short": ('{"FailureReason": "abc', '{"FailureReason": "abc'),
    "nothing": (None, "no cause was given"),
}


def test_a_promotion_that_failed_may_have_moved_the_champion_and_the_message_says_how_to_complete_it(states):
    (catch,) = states["Promote"]["Catch"]
    caught = evaluate(catch["Assign"], VARIABLES, errorOutput={"Error": "Lambda.Unknown", "Cause": "cut off"})

    message = told(states, caught)["Message"]

    assert "The champion is unchanged" not in message
    assert f"evergreen rollback {VERSION} completes it" in message


@pytest.mark.parametrize("name", CAUSES)
def test_the_notification_names_the_state_and_the_cause_in_words(states, template, name):
    cause, words = CAUSES[name]
    error = {"Error": "States.TaskFailed", **({"Cause": cause} if cause else {})}
    (catch,) = states["Train"]["Catch"]
    caught = evaluate(catch["Assign"], VARIABLES, errorOutput=error)
    sent = told(states, caught)
    assert sent["Subject"] == f"Evergreen {template.environment.name}: training failed at Train"
    assert f"failed at Train.\n\nCause: {words}\n" in sent["Message"]
    for said in (VERSION, template.model, "The champion is unchanged", context()["Execution"]["Id"]):
        assert said in sent["Message"]
    failed = evaluate({key: states["Failed"][key] for key in ("Error", "Cause")}, explained(states, caught))
    assert failed == {"Error": "States.TaskFailed", "Cause": f"Train: {words}"}


def test_the_words_that_the_training_jobs_own_code_left_are_told_before_its_reason(states):
    (catch,) = states["Train"]["Catch"]
    overwritten = json.dumps({"TrainingJobName": "x", "FailureReason": f"AlgorithmError: {OVERWRITTEN}, exit code: 1"})
    caught = evaluate(catch["Assign"], VARIABLES, errorOutput={"Error": "States.TaskFailed", "Cause": overwritten})
    left = evaluate(states["ReadFailure"]["Assign"], caught, result={"Body": "no rows are left"})

    assert catch["Next"] == "ReadFailure"
    assert "Cause: no rows are left\n" in told(states, left)["Message"]


def test_the_words_are_read_where_the_training_job_has_left_them_and_another_attempt_leaves_others_elsewhere(states):
    def written(redrives):
        environment = states["Train"]["Arguments"]["Environment"]
        return evaluate(environment["FAILURE_URI"], VARIABLES, context=context(redrives=redrives))

    def read(redrives):
        found = evaluate(states["ReadFailure"]["Arguments"], VARIABLES, context=context(redrives=redrives))
        return f"s3://{found['Bucket']}/{found['Key']}"

    assert written(0) == read(0) == written(None)
    assert written(1) == read(1) != written(0)


def test_each_state_is_named_in_its_own_failures_and_the_subject_fits_sns(states):
    for name, state in states.items():
        if state["Type"] == "Task" and "Assign" in state["Catch"][0]:
            caught = evaluate(state["Catch"][0]["Assign"], VARIABLES, errorOutput={"Error": "E", "Cause": "c"})
            assert caught["failure"]["state"] == name
            subject = evaluate(states["NotifyFailure"]["Arguments"]["Subject"], {**VARIABLES, **caught})
            # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, at most 100 characters.
            assert len(subject) <= 100
            assert subject.isascii()


GATES = [
    {"name": "parity", "passed": True, "reason": "all 12 rows agree", "numbers": {"rows": 12}},
    {
        "name": "champion",
        "passed": False,
        "reason": "mape 0.0812 is no better than 0.0752",
        "numbers": {"candidate": 0.08123456, "champion": 0.0751999},
    },
]
DECISION = {
    "promote": False,
    "reason": "mape 0.0812 is no better than 0.0752 of the champion",
    "version": VERSION,
    "champion": "20261101-101112-abcd",
    "summary": "mape on the holdout: 8.12%; champion 20261101-101112-abcd: 7.52%; baseline: 18.1%",
    "gates": GATES,
}


def decision_told(states, **changes):
    variables = {**VARIABLES, "decision": {**DECISION, **changes}}
    return evaluate(states["NotifyDecision"]["Arguments"], variables, context=context())


def test_a_refusal_is_told_with_its_reason_both_metrics_and_every_gate(states, template):
    environment = template.environment.name

    sent = decision_told(states)

    assert sent["Subject"] == f"Evergreen {environment}: {template.model} {VERSION} not promoted"
    assert sent["Message"].splitlines() == [
        f"Version {VERSION} of {template.model} was not promoted.",
        "",
        "Why: mape 0.0812 is no better than 0.0752 of the champion",
        "",
        "mape on the holdout: 8.12%; champion 20261101-101112-abcd: 7.52%; baseline: 18.1%",
        "",
        "Gates:",
        "  - parity: passed, all 12 rows agree",
        "  - champion: FAILED, mape 0.0812 is no better than 0.0752",
        "",
        "What happens next: Version 20261101-101112-abcd goes on serving.",
        "",
        f"Its model card: evergreen card -e {environment} --version {VERSION}",
        f"All versions: evergreen versions -e {environment}",
    ]


def test_a_promotion_says_that_the_endpoint_will_serve_it(states, template):
    summary = "mape on the holdout: 8.12%; baseline: 18.1%"
    sent = decision_told(states, promote=True, champion=None, gates=GATES[:1], summary=summary)
    assert sent["Subject"] == f"Evergreen {template.environment.name}: {template.model} {VERSION} promoted"
    assert f"{summary}\n" in sent["Message"]
    assert "The endpoint serves it within a minute, or from the first request after that on." in sent["Message"]


def test_a_first_version_that_is_refused_leaves_an_endpoint_without_a_model(states):
    assert "No model has been promoted yet" in decision_told(states, champion=None, gates=GATES[:1])["Message"]


def test_a_decisions_subject_fits_sns_whatever_the_models_name(states, template):
    subject = decision_told(states)["Subject"]
    # model.toml takes names of 40 characters.
    assert len(subject) + 40 - len(template.model) <= 100
    assert subject.isascii()


def test_in_the_form_of_chat_tools_a_decision_and_a_failure_are_json(template_for_chat):
    states = template_for_chat.state_machine()["States"]
    failed = told(states, {"failure": {"state": "Train", "error": "E", "cause": "no rows"}})["Message"]
    for message, words in ((failed, "Cause: no rows"), (decision_told(states)["Message"], "Why: mape 0.0812")):
        sent = json.loads(message)
        assert (sent["version"], sent["source"]) == ("1.0", "custom")
        assert words in sent["content"]["description"]


def test_in_chat_no_words_of_a_failure_call_anybody_or_are_a_link(template_for_chat):
    states = template_for_chat.state_machine()["States"]
    cause = "<!channel> column '<https://example.com|x>'"
    description = json.loads(told(states, {"failure": {"state": "Train", "error": "E", "cause": cause}})["Message"])

    assert not {"<", ">"} & set(description["content"]["description"])
    assert "(!channel)" in description["content"]["description"]
