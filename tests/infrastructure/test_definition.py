"""The definition that is made without a synth is the one of the template, but for names and ARNs."""

import json
import re
from dataclasses import asdict

from evergreen import names
from infra.definition import with_plausible_addresses
from tests.infrastructure.conftest import ACCOUNT, RENEWAL

# All that differs: what the template refers to, and the addresses of the image and of the source archive.
_ADDRESS = re.compile(r"arn:aws:[a-z]+:[^'\"\\]*|s3://[^'\"\\]*|https?://[^'\"\\]*|[\w.-]+\.dkr\.ecr\.[\w./:-]+")
_BUCKET = re.compile(r"[\w-]*(data-?bucket|models-?bucket|capture-?bucket)[\w-]*", re.IGNORECASE)


def without_addresses(definition):
    text = _ADDRESS.sub("address", json.dumps(definition))
    return json.loads(_BUCKET.sub("bucket", text))


def made_for(template, **more):
    return with_plausible_addresses(
        environment=template.environment.name,
        region=template.environment.region,
        account=ACCOUNT,
        model=template.model,
        message_format=template.settings.notifications.format,
        **more,
    )


def test_it_is_that_of_the_template(template):
    assert without_addresses(made_for(template)) == without_addresses(template.state_machine())


def test_that_of_the_renewal_is_too(template_with_renewal):
    made = made_for(template_with_renewal, renewal_settings=json.dumps(asdict(RENEWAL), sort_keys=True))
    in_template = template_with_renewal.state_machine("Renewal/StateMachine")
    assert without_addresses(made) == without_addresses(in_template)


def test_that_of_the_feature_store_is_too(template_with_features):
    project = names.feature_project(template_with_features.model, template_with_features.environment.name)
    made = made_for(template_with_features, feature_project=project)
    in_template = template_with_features.state_machine("Features/StateMachine")
    assert without_addresses(made) == without_addresses(in_template)
