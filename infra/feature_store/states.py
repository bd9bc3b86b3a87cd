"""The state machine that writes what is new in the histories to the online store, and looks for skew.

    NameVersion -> Materialise -> IsWritten -> Written

Two executions at one time do no harm: no older value replaces a newer one. What is half written goes on serving.
"""

from typing import Any

from evergreen import names
from infra.training.addresses import Addresses
from infra.training.jobs import histories_input, processing_input, processing_request
from infra.training.messages import failure_message
from infra.training.states import name_version
from infra.training.tasks import explain, failed, is_completed, job, notify

_MARGIN_SECONDS = 3600
_CHAMPION = "$champion := 'What is in the online store goes on serving. Write again: evergreen features materialize.'; "


def definition(at: Addresses, *, project: str, capture_bucket: str, every_hours: int) -> dict[str, Any]:
    """The state machine's definition.

    Args:
        project: the name of the stack's features in Feast.
        capture_bucket: where predictions are recorded.
        every_hours: the hours between two executions.
    """
    environment = {
        names.FEATURE_PROJECT: project,
        names.CAPTURE_BUCKET: capture_bucket,
        names.FEATURES_EVERY_HOURS: str(every_hours),
    }
    return {
        "Comment": f"Writes the stored features of {at.model_name} to the online store",
        "QueryLanguage": "JSONata",
        "StartAt": "NameVersion",
        "TimeoutSeconds": at.prepare_seconds + _MARGIN_SECONDS,
        "States": {
            "NameVersion": name_version({}, next_="Materialise"),
            "Materialise": job("Materialise", "createProcessingJob", _request(at, environment), next_="IsWritten"),
            "IsWritten": is_completed(
                "Materialise", "ProcessingJobStatus", output="{% $states.input %}", next_="Written"
            ),
            "Written": {"Type": "Succeed"},
            "ExplainFailure": explain(next_="NotifyFailure"),
            "NotifyFailure": notify(failure_message(at, "materialisation", champion=_CHAMPION), next_="Failed"),
            "Failed": failed(),
        },
    }


def _request(at: Addresses, environment: dict[str, str]) -> dict[str, Any]:
    inputs = (*histories_input(at), processing_input(names.CHANNEL_SOURCE, f"'{at.prepare_source_uri}'"))
    return processing_request(
        at,
        step="features",
        module="training.materialise",
        inputs=f"{{% [{', '.join(inputs)}] %}}",
        outputs=[],
        environment={
            **environment,
            names.DATA_BUCKET: at.data_bucket,
            names.METRIC_NAMESPACE: names.metric_namespace(at.environment),
            "AWS_DEFAULT_REGION": at.region,
        },
    )
