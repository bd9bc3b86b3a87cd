"""Components for Kubeflow Pipelines: train, predict-batch, promote and check-drift, each on a deployed stack.

A component is compiled with the source of the functions that it names in `additional_funcs`, and runs in a plain image
of Python: nothing of Evergreen is installed there.
"""

from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Dataset, Input, Metrics, Output

from integrations.kubeflow.endpoint import answer_of, call_endpoint, predict_all, read_rows
from integrations.stack.evergreen_stack import (
    ask,
    champion_lineage,
    decision_of,
    execution_name,
    find_stack,
    invoke,
    newest_data,
    objects,
    run_check,
    start_training,
    training_input,
    wait_for_decision,
)

IMAGE = "python:3.12-slim"
PACKAGES = ["boto3==1.43.106"]


@dsl.component(
    base_image=IMAGE,
    packages_to_install=PACKAGES,
    additional_funcs=[
        ask,
        find_stack,
        objects,
        newest_data,
        champion_lineage,
        training_input,
        execution_name,
        start_training,
        decision_of,
        wait_for_decision,
    ],
)
def train(
    run_id: str,
    metrics: Output[Metrics],
    environment: str = "dev",
    data: str = "",
    settings: str = "",
    timeout_seconds: int = 14400,
    region: str = "",
) -> NamedTuple(
    "Outputs", [("version", str), ("promoted", bool), ("reason", str), ("decision", dict), ("execution", str)]
):
    """Trains on data that the stack has, and promotes the model if it is better.

    Args:
        run_id: of the pipeline's run. A retry with the same one finds the training that it began.
        metrics: the candidate's metrics on its holdout, those of the champion and the baseline where Judge knows them.
        environment: of the stack.
        data: a version of the data, or its first characters; without it, the one that came last.
        settings: the SHA-256 of a model.toml in the data bucket; without it, that of the champion.
        timeout_seconds: after which the component fails, while the training goes on.
        region: of the stack; without it, that of AWS_REGION.

    Returns:
        version: of the candidate.
        promoted: whether it is the champion now.
        reason: Judge's, in a sentence.
        decision: all that Judge found.
        execution: the ARN of the workflow's execution.
    """
    stack = find_stack(environment, region=region)
    name = execution_name(f"kubeflow-{run_id}", environment, data, settings)
    execution, is_new = start_training(stack, name, data=data, settings=settings, region=region)
    print(f"{'started' if is_new else 'found again'}: {execution}", flush=True)
    decision = wait_for_decision(execution, timeout_seconds=timeout_seconds, region=region)
    print(f"{decision['version']}: {decision['reason']}. {decision['summary']}", flush=True)
    for side in ("holdout", "baseline"):
        for metric, value in decision["metrics"].get(side, {}).items():
            if isinstance(value, int | float):
                metrics.log_metric(metric if side == "holdout" else f"{side}_{metric}", float(value))
    metrics.log_metric("promoted", float(decision["promote"]))
    return decision["version"], decision["promote"], decision["reason"], decision, execution


@dsl.component(base_image=IMAGE, packages_to_install=PACKAGES, additional_funcs=[ask, find_stack, objects, invoke])
def promote(version: str, environment: str = "dev", even_if_rejected: bool = False, region: str = "") -> NamedTuple(
    "Outputs", [("version", str), ("before", str)]
):
    """Makes a judged version the champion: an earlier one, or one that somebody has approved. Twice changes nothing.

    Args:
        version: that train has made.
        environment: of the stack.
        even_if_rejected: whether a version that Judge has rejected may serve.
        region: of the stack; without it, that of AWS_REGION.

    Returns:
        version: the champion now.
        before: the champion before; empty if there was none.
    """
    import json

    stack = find_stack(environment, region=region)
    bucket, model = stack["ModelBucket"], stack["ModelName"]
    keys = [key for _, key in objects(bucket, f"models/{model}/", region=region) if key.endswith("/decision.json")]
    read = (ask("s3", "get_object", region=region, Bucket=bucket, Key=key)["Body"].read() for key in keys)
    decision = next((found for found in map(json.loads, read) if found["version"] == version), None)
    if decision is None:
        raise RuntimeError(f"there is no version {version} of {model}: evergreen versions lists them")
    if not decision["promote"] and not even_if_rejected:
        raise RuntimeError(
            f"{version} was rejected: {decision['reason']}. To serve it all the same, set even_if_rejected"
        )
    pointer = f"champions/{model}.json"
    listed = ask("s3", "list_object_versions", region=region, Bucket=bucket, Prefix=pointer).get("Versions", [])
    present = None
    if any(item["Key"] == pointer and item["IsLatest"] for item in listed):
        champion = ask("s3", "get_object", region=region, Bucket=bucket, Key=pointer)["Body"].read()
        present = json.loads(champion)["version"]
    invoke(stack["PromoteFunction"], {**decision, "champion": present, "rollback": True}, region=region)
    return version, present or ""


@dsl.component(base_image=IMAGE, packages_to_install=PACKAGES, additional_funcs=[ask, find_stack, invoke, run_check])
def check_drift(
    metrics: Output[Metrics], hours: float = 24.0, environment: str = "dev", region: str = ""
) -> NamedTuple("Outputs", [("status", str), ("reason", str), ("result", dict)]):
    """Checks now whether the predicted rows of the last hours have drifted from the champion's holdout.

    Args:
        metrics: how many rows were compared and how much has drifted, where the check can tell.
        hours: up to now.
        environment: of the stack.
        region: of the stack; without it, that of AWS_REGION.

    Returns:
        status: ok, drift, insufficient data or broken input.
        reason: of the status, in a sentence.
        result: all that the check found.
    """
    stack = find_stack(environment, region=region)
    result = run_check(stack, hours=hours, region=region)
    print(f"{result['status']}: {result['reason']}", flush=True)
    for name in ("rows", "share", "importance", "broken_features"):
        if result.get(name) is not None:
            metrics.log_metric(name, float(result[name]))
    return result["status"], result["reason"], result


@dsl.component(
    base_image=IMAGE,
    packages_to_install=PACKAGES,
    additional_funcs=[ask, find_stack, call_endpoint, read_rows, answer_of, predict_all],
)
def predict_batch(
    rows: Input[Dataset],
    predictions: Output[Dataset],
    environment: str = "dev",
    version: str = "",
    region: str = "",
) -> NamedTuple("Outputs", [("count", int), ("version", str)]):
    """Predicts each row of a file at the stack's endpoint, which captures them as it does all predictions.

    Args:
        rows: JSON lines, an object with the model's features each.
        predictions: JSON lines in the same order, an object with `prediction` and `prediction_id` each.
        environment: of the stack.
        version: that must predict all of them: one that was just promoted is waited for, two minutes at most. Without
            it, the champion of the first moment does.
        region: of the stack; without it, that of AWS_REGION.

    Returns:
        count: of the predictions.
        version: that has made them.
    """
    import json
    from pathlib import Path

    instances = read_rows(rows.path, rows.uri)
    url = find_stack(environment, region=region)["PredictUrl"]
    version = version or answer_of(url, "GET", "/model", "GET /model", region=region)["version"]
    answered = predict_all(url, instances, version, region=region)
    Path(predictions.path).write_text("".join(f"{json.dumps(each)}\n" for each in answered))
    return len(answered), version
