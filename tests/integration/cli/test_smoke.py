"""evergreen smoke: what it finds in a stack that is broken in one way, and that it leaves nothing behind."""

import json
import shlex
import signal
from functools import partial

import mlflow
import pytest
from moto import mock_aws

from cli.aws.captures import forget_predictions
from cli.findings import Status
from cli.interruption import Interrupted, interrupt
from cli.smoke import champion as champion_module
from cli.smoke import mlflow_version
from cli.smoke.predictions import TIMED
from cli.verbs import smoke as verb
from evergreen import names, tracking
from tests.integration.cli.fake_stack import BEFORE, BUNDLE, EXAMPLE, FEATURE, MODEL_NAME, VERSION, FakeStack, failing
from tests.integration.cli.fake_stack import files as bundle_files

# Rows that it sends: the example alone, with another among several, and those that are timed.
ROWS = 3 + TIMED


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """MLflow with the version that is champion."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"
    client = mlflow.MlflowClient(uri)
    run = client.create_run(client.create_experiment(MODEL_NAME))
    client.create_registered_model(MODEL_NAME)
    client.create_model_version(MODEL_NAME, "file:///nowhere", run.info.run_id)
    client.set_model_version_tag(MODEL_NAME, "1", tracking.VERSION_TAG, VERSION)
    client.set_registered_model_alias(MODEL_NAME, tracking.CHAMPION, "1")
    return uri


@pytest.fixture
def stack(monkeypatch, registry):
    """A stack without a fault, whose champion is the second."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
        (names.TRACKING_URI, ""),
        *mlflow_version._EACH_TRY.items(),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(champion_module, "_PATIENCE", 0)
    monkeypatch.setattr(mlflow_version, "_PATIENCE", 0)
    with mock_aws():
        fake = FakeStack(monkeypatch, tracking_uri=registry)
        fake.promote(BEFORE)
        fake.promote()
        yield fake


def objects(stack):
    listed = stack.s3.list_object_versions(Bucket="models")["Versions"]
    return [(item["Key"], item["VersionId"]) for item in listed]


def test_a_stack_without_a_fault_passes_and_nothing_is_left_behind(stack):
    before = objects(stack)
    findings = stack.smoke()

    assert failing(findings) == set()
    assert f"{ROWS} of {ROWS} as sent" in findings["predictions captured"].found
    assert "as sent" in findings["label captured"].found
    assert f"{ROWS} predictions and 1 label" in findings["removal"].found
    assert "180000.0 for the contract's example, alone and among several" in findings["predict"].found
    assert "to the last bit" in findings["exactness"].found
    assert stack.captured() == []
    assert objects(stack) == before


def test_its_wrong_requests_are_too_few_for_the_alarm_on_rejected_ones(stack):
    findings = stack.smoke()

    predicted = [size for _, path, size in stack.asked if path == "/predict"]
    refused = [check for check in ("wrong type", "malformed body", "large body") if findings[check].status == Status.OK]
    unsigned = 1
    assert len(refused) == 3
    assert len(refused) / (len(predicted) - unsigned) < 0.1


def test_without_a_champion_there_is_one_failure_and_the_rest_is_looked_at(stack):
    for item in stack.s3.list_object_versions(Bucket="models", Prefix="champions/")["Versions"]:
        stack.s3.delete_object(Bucket="models", Key=item["Key"], VersionId=item["VersionId"])
    stack.has_champion = False
    stack.alarm("gateway errors", "ALARM")
    findings = stack.smoke()

    assert failing(findings) == {"champion"}
    assert findings["champion"].remedy == "train first: evergreen train -e dev --local"
    for check, status in {
        "endpoint": Status.OK,
        "unknown route": Status.OK,
        "unsigned request": Status.OK,
        "alarms": Status.WARNING,
        "subscription": Status.WARNING,
        "predict": Status.SKIPPED,
        "MLflow": Status.SKIPPED,
    }.items():
        assert findings[check].status == status, findings[check]
    assert stack.undelivered == []


def test_a_model_that_the_pointer_does_not_name_fails_with_the_way_back(stack):
    stack.serves = 170_000.0
    findings = stack.smoke()

    assert failing(findings) == {"model"}
    assert "the pointer" in findings["model"].found
    assert findings["predict"].status == Status.SKIPPED
    assert BEFORE in findings["way back"].found
    assert findings["way back"].remedy.startswith("evergreen rollback -e dev")
    assert stack.captured() == []


def test_an_endpoint_that_does_not_follow_the_pointer_fails(stack):
    stack.served_version = BEFORE
    findings = stack.smoke()

    assert failing(findings) == {"model"}
    assert f"the pointer says {VERSION}" in findings["model"].found


def test_a_bundle_that_was_changed_fails(stack):
    stack.s3.put_object(Bucket="models", Key=f"{BUNDLE}model.json", Body=bundle_files(1.0)["model.json"])
    findings = stack.smoke()

    assert failing(findings) == {"champion"}
    assert "changed after training" in findings["champion"].found
    assert "way back" in findings


def test_a_prediction_that_the_bundle_does_not_make_fails(stack, monkeypatch):
    respond, ask = stack.champion, stack.ask

    def one_more(method, path, body=b"", **how):
        answer = ask(method, path, body, **how)
        rows = answer.body.get("predictions", [answer.body]) if path == "/predict" and answer.status == 200 else []
        for row in rows:
            row["prediction"] += 1e-3
        return answer

    monkeypatch.setattr(stack, "ask", one_more)
    findings = stack.smoke()

    assert respond()
    assert "exactness" in failing(findings)
    assert "180000.001" in findings["exactness"].found
    assert stack.captured() == []


def test_a_function_that_fails_is_told_with_where_to_look_and_the_way_back(stack):
    stack.is_broken = True
    findings = stack.smoke()

    assert failing(findings) == {"endpoint"}
    assert "was answered 500" in findings["endpoint"].found
    assert "the predict function's log" in findings["endpoint"].remedy
    assert "way back" in findings


def test_an_endpoint_out_of_reach_fails_and_the_rest_is_looked_at(stack):
    stack.is_reachable = False
    findings = stack.smoke()

    assert failing(findings) == {"endpoint"}
    assert "Connect timeout" in findings["endpoint"].found
    assert (findings["refusals"].status, findings["alarms"].status) == (Status.SKIPPED, Status.OK)
    assert findings["MLflow"].status == Status.OK
    assert "way back" not in findings


def test_captures_that_never_come_fail_and_the_ids_are_named_with_the_command(stack):
    stack.delivers = False
    findings = stack.smoke()

    assert failing(findings) == {"predictions captured", "label captured", "removal"}
    assert f"0 of {ROWS} have come" in findings["predictions captured"].found
    assert "undelivered/" in findings["predictions captured"].remedy

    command = findings["removal"].remedy.removeprefix("in some minutes: ")
    (*words,) = shlex.split(command)
    assert words[:5] == ["evergreen", "forget", "-e", "dev", "--local"]
    stack.deliver()
    assert set(stack.captured()) == set(words[5:])
    assert len(words[5:]) == ROWS
    forget_predictions(stack.target, words[5:], lambda _words: None)
    assert stack.captured() == []


def test_features_that_are_not_captured_as_sent_fail(stack):
    stack.changes = lambda features: {**features, FEATURE: EXAMPLE + 1}
    findings = stack.smoke()

    assert failing(findings) == {"predictions captured"}
    assert "differ from what was sent" in findings["predictions captured"].found
    assert stack.captured() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"leave_out": [FEATURE]}, f"leave_out: without {FEATURE}"),
        ({"caller": False}, "caller = false"),
        ({"sample": 0.5}, "only that share is recorded"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_the_log_settings_change_is_said_and_is_no_failure(stack, changed, said):
    stack.log |= changed
    findings = stack.smoke(wait=1)

    assert failing(findings) == set()
    assert said in findings["predictions captured"].found
    assert stack.captured() == []


def test_if_nothing_is_recorded_it_is_a_warning(stack):
    stack.log["sample"] = 0.0
    findings = stack.smoke()

    assert failing(findings) == set()
    assert findings["predictions captured"].status == Status.WARNING
    assert stack.captured() == []


def test_an_alarm_fails_with_its_reason(stack):
    stack.alarm("drift", "ALARM")
    findings = stack.smoke()

    assert failing(findings) == {"alarms"}
    assert findings["alarms"].found == "in ALARM: drift. drift: it is a test"


def test_an_alarm_without_data_is_named_and_no_failure(stack):
    stack.alarm("quality", "INSUFFICIENT_DATA")

    assert stack.smoke()["alarms"].found.endswith("without data yet: quality")


@pytest.mark.parametrize(
    ("operation", "check"),
    [
        ("s3:ListObjectVersions", "champion"),
        ("cloudwatch:DescribeAlarms", "alarms"),
        ("sns:ListSubscriptionsByTopic", "subscription"),
        ("s3:ListObjectsV2", "captures"),
        ("s3:PutObject", "removal"),
    ],
)
def test_what_is_denied_fails_with_the_policy_that_is_lacking(stack, operation, check):
    stack.denied = {operation}
    findings = stack.smoke()

    assert check in failing(findings)
    assert "AccessDenied" in findings[check].found
    if check == "removal":
        assert set(stack.captured()) == set(findings[check].remedy.split()[5:])
    else:
        assert findings[check].remedy == "attach the policy evergreen-dev-user to who runs this"
    if check == "captures":
        assert findings["alarms"].status == Status.OK
        assert not [path for _, path, size in stack.asked if path == "/predict" and size > 2]


def test_an_answer_that_is_lost_fails_and_the_rest_is_removed(stack):
    stack.loses = 10
    findings = stack.smoke()

    assert failing(findings) == {"predict"}
    assert findings["removal"].status == Status.WARNING
    assert "1 request had no answer" in findings["removal"].found
    assert len(stack.captured()) == 1, "of a row without an answer nobody knows the id"


@pytest.mark.parametrize("place", [1, 2, 10])
def test_ctrl_c_in_the_middle_removes_what_was_sent_and_names_it_first(stack, monkeypatch, capsys, place):
    record, seen = stack.record, []

    def interrupted(kind, extra=None):
        record(kind, extra)
        seen.append(kind)
        if seen.count(names.RECORD_PREDICT) == place:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, interrupt)
    monkeypatch.setattr("functions.predict.handler.logger.info", interrupted)
    try:
        with pytest.raises(Interrupted):
            stack.smoke()
    finally:
        signal.signal(signal.SIGINT, before)

    sent = place if place == 1 else place + 1
    assert stack.captured() == []
    (removal,) = (finding.found for finding in stack.told if finding.check == "removal")
    assert removal.startswith(f"{sent} prediction")
    named = capsys.readouterr().err
    assert "evergreen forget -e dev --local" in named
    assert len(named.partition("--local")[2].split()) == sent


def test_mlflow_with_another_champion_fails(stack, registry):
    client = mlflow.MlflowClient(registry)
    client.set_model_version_tag(MODEL_NAME, "1", tracking.VERSION_TAG, BEFORE)
    try:
        findings = stack.smoke()
    finally:
        client.set_model_version_tag(MODEL_NAME, "1", tracking.VERSION_TAG, VERSION)

    assert failing(findings) == {"MLflow"}
    assert findings["MLflow"].remedy.startswith(f"evergreen rollback {VERSION} -e dev")


def test_mlflow_that_does_not_answer_fails(stack):
    stack.outputs[names.OUTPUT_TRACKING_URI] = "http://127.0.0.1:9"
    findings = stack.smoke()

    assert failing(findings) == {"MLflow"}
    assert "does not answer" in findings["MLflow"].found


def test_the_exit_code_and_the_json_are_for_pipelines(stack, monkeypatch, capsys):
    monkeypatch.setattr(verb.Target, "choose", lambda *_, **__: stack.target)
    stack.outputs[names.OUTPUT_LOG_SETTINGS] = json.dumps(stack.log)
    run = partial(verb.smoke, environment="dev", local=True, wait=1.0)

    run(json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["ok"]
    assert {"predict", "removal"} <= {finding["check"] for finding in document["findings"]}

    stack.alarm("drift", "ALARM")
    with pytest.raises(verb.typer.Exit) as ended:
        run()
    assert ended.value.exit_code == 1
    assert "in ALARM: drift" in capsys.readouterr().out
