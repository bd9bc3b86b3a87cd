"""evergreen smoke: what it finds in a stack that is broken in one way, and that it leaves nothing behind."""

import json
from functools import partial

import mlflow
import pytest

from cli.findings import Status
from cli.smoke.predictions import ROWS
from cli.verbs import smoke as verb
from evergreen import names, tracking
from tests.integration.cli.smoke.fake_stack import (
    BEFORE,
    BUNDLE,
    EXAMPLE,
    FEATURE,
    MODEL_NAME,
    VERSION,
    failing,
)
from tests.integration.cli.smoke.fake_stack import files as bundle_files


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
    assert "does not answer" in findings["endpoint"].found
    assert (findings["refusals"].status, findings["alarms"].status) == (Status.SKIPPED, Status.OK)
    assert findings["MLflow"].status == Status.OK
    assert "way back" not in findings


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
    assert f"AWS denies {operation.partition(':')[2]}" in findings[check].found
    if check == "removal":
        assert set(stack.captured()) == set(findings[check].remedy.split()[5:])
    else:
        assert findings[check].remedy == "attach the policy evergreen-dev-user to who runs this"
    if check == "captures":
        assert findings["alarms"].status == Status.OK
        assert not [path for _, path, size in stack.asked if path == "/predict" and size > 2]


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
