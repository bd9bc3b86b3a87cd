"""Each permission is granted on resources of a type that its action knows, by AWS's list of actions in cfn-lint."""

import re

import pytest
from cfnlint.data import AdditionalSpecs
from cfnlint.helpers import load_resource

from tests.infrastructure.conftest import Statement

SERVICES = load_resource(AdditionalSpecs, "Policies.json")
# The list has the same ARNs for both of these: any.
S3 = {"bucket": r"arn:aws:s3:::[^/]+", "object": r"arn:aws:s3:::[^/]+/.+"}


def types_of(action):
    """Patterns of the ARNs that an action can be granted on; None if there is no such action."""
    service, _, name = action.partition(":")
    known = SERVICES.get(service, {"Actions": {}})
    if name.lower() not in known["Actions"]:
        return None
    types = known["Actions"][name.lower()].get("Resources", [])
    return [
        S3[type_] if service == "s3" and type_ in S3 else re.sub(r"\$\{\w+}", "[^:]*", format_)
        for type_ in ([types] if isinstance(types, str) else types)
        for format_ in known["Resources"][type_.lower()]["ARNFormats"]
    ]


def faults(statement):
    """What IAM would take and never match: each action without a resource, each resource without an action."""
    patterns = {action: types_of(action) for action in statement.actions}
    unknown = [action for action, types in patterns.items() if types is None]
    if unknown or statement.resources == ("*",):
        return unknown
    fits = {
        (action, resource)
        for action, types in patterns.items()
        for resource in statement.resources
        if any(re.fullmatch(type_, resource) for type_ in types)
    }
    idle = [action for action in statement.actions if action not in {action for action, _ in fits}]
    return idle + [resource for resource in statement.resources if resource not in {resource for _, resource in fits}]


def test_every_action_exists_and_every_grant_can_match(template, template_with_server_and_email):
    for variant in (template, template_with_server_and_email):
        statements = [*variant.role_statements(), *variant.user_statements(), *variant.service_statements()]
        assert len(statements) > 20
        assert [(statement.who, found) for statement in statements if (found := faults(statement))] == []


BUCKET, OBJECTS = "arn:aws:s3:::models", "arn:aws:s3:::models/champions/*"
REPOSITORY = "arn:aws:ecr:us-east-1:111122223333:repository/a"
JOBS = "arn:aws:sagemaker:us-east-1:111122223333:processing-job/a-*"


@pytest.mark.parametrize(
    ("actions", "resources", "found"),
    [
        (["s3:GetObject", "s3:ListBucket"], [OBJECTS, BUCKET], []),
        (["s3:GetObjekt"], [OBJECTS], ["s3:GetObjekt"]),
        (["s4:GetObject"], ["*"], ["s4:GetObject"]),
        (["s3:GetObject"], [BUCKET], ["s3:GetObject", BUCKET]),
        (["s3:ListBucket"], [BUCKET, OBJECTS], [OBJECTS]),
        (["ecr:GetAuthorizationToken"], [REPOSITORY], ["ecr:GetAuthorizationToken", REPOSITORY]),
        (["sagemaker:CreateTrainingJob"], [JOBS], ["sagemaker:CreateTrainingJob", JOBS]),
    ],
)
def test_a_grant_that_matches_nothing_is_found(actions, resources, found):
    assert faults(Statement("who", tuple(actions), tuple(resources), {})) == found
