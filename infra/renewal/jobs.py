"""The requests of a renewal's jobs, in JSONata."""

from collections.abc import Mapping
from typing import Any

from evergreen import names
from infra.training.addresses import Addresses
from infra.training.jobs import (
    histories_input,
    prepared_output,
    processing_input,
    processing_output,
    processing_request,
    train_request,
)

# What the first job reads of [renewal]; all of it would be more than the 256 characters that SageMaker takes.
SETTINGS_READ = ("windows", "refit", "most_from_one", "most_lost")


def collect_request(at: Addresses, settings: str) -> dict[str, Any]:
    """CreateProcessingJob: captures become a new version of the data, and what challengers are fitted to.

    Args:
        settings: SETTINGS_READ, as JSON.
    """
    inputs = (
        processing_input(names.CHANNEL_DATA, "$begun.data", data_type="ManifestFile"),
        processing_input(names.CHANNEL_PREDICTIONS, "$begun.captures.predictions", data_type="ManifestFile"),
        processing_input(names.CHANNEL_FEEDBACK, "$begun.captures.feedback", data_type="ManifestFile"),
        processing_input(names.CHANNEL_SETTINGS, "$settings"),
        processing_input(names.CHANNEL_SOURCE, f"'{at.prepare_source_uri}'"),
        processing_input(names.CHANNEL_PREVIOUS, "$previous_contract"),
        *histories_input(at),
    )
    return processing_request(
        at,
        step="prepare",
        module="training.renew",
        inputs=f"{{% [{', '.join(inputs)}] %}}",
        outputs=[
            prepared_output(at),
            processing_output(names.CHANNEL_OBJECTS, f"s3://{at.data_bucket}/{names.OBJECTS_PREFIX.rstrip('/')}"),
            processing_output(names.CHANNEL_MANIFESTS, f"s3://{at.data_bucket}/{names.DATA_PREFIX.rstrip('/')}"),
        ],
        environment={names.DATA_MANIFEST: "{% $begun.data %}", names.RENEWAL: settings},
    )


def challenger_request(at: Addresses) -> Mapping[str, Any]:
    """CreateTrainingJob of one window, which is the state's input."""
    return train_request(at, version="$states.input.version", prepared="$states.input.prepared", data="$plan.manifest")
