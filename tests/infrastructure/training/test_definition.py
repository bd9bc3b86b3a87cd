"""The definition that is made without a synth is the one of the template, but for names and ARNs."""

import json
import re

from infra.training.definition import with_plausible_addresses
from tests.infrastructure.conftest import ACCOUNT

# All that differs: what the template refers to, and the addresses of the image and of the source archive.
_ADDRESS = re.compile(r"arn:aws:[a-z]+:[^'\"\\]*|s3://[^'\"\\]*|https?://[^'\"\\]*|[\w.-]+\.dkr\.ecr\.[\w./:-]+")
_BUCKET = re.compile(r"[\w-]*(data-?bucket|models-?bucket)[\w-]*", re.IGNORECASE)


def without_addresses(definition):
    text = _ADDRESS.sub("address", json.dumps(definition))
    return json.loads(_BUCKET.sub("bucket", text))


def test_it_is_that_of_the_template(template):
    made = with_plausible_addresses(
        environment=template.environment.name,
        region=template.environment.region,
        account=ACCOUNT,
        model=template.model,
        message_format=template.settings.notifications.format,
    )

    assert without_addresses(made) == without_addresses(template.state_machine())
