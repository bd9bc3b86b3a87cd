"""A deployment over a release replaces and deletes nothing that holds something."""

import copy

import pytest

from tests.infrastructure.released.stateful import STATEFUL, released, stateful


@pytest.fixture(scope="module")
def now(templates):
    """What holds something in today's templates, which are those of the stack's own MLflow App, as a release's."""
    return {name: stateful(template.document, template.environment.region) for name, template in templates.items()}


def lost(before: dict, after: dict) -> list[str]:
    """What an update from one to the other would replace or delete, each with what would be lost."""
    return [f"{id_}: {STATEFUL[resource['Type']]}" for id_, resource in before.items() if after.get(id_) != resource]


@pytest.mark.parametrize("release", released())
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_nothing_that_holds_something_is_replaced(release, environment, now):
    before = released()[release][environment]
    assert {resource["Type"] for resource in before.values()} == STATEFUL.keys()

    assert lost(before, now[environment]) == []


def test_a_replacement_would_be_found(now):
    buckets = [id_ for id_, resource in now["dev"].items() if resource["Type"] == "AWS::S3::Bucket"]
    renamed, moved = copy.deepcopy(now["dev"]), copy.deepcopy(now["dev"])
    renamed[buckets[0]]["fixed"]["/properties/BucketName"] = "evergreen-data"
    moved["Elsewhere"] = moved.pop(buckets[1])

    assert lost(now["dev"], renamed) == [f"{buckets[0]}: tables, models, captures"]
    assert lost(now["dev"], moved) == [f"{buckets[1]}: tables, models, captures"]
