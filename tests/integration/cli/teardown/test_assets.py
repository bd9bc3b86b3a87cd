"""The packages of a stack in the CDK's bucket: those that another stack uses stay."""

import json
import secrets

import pytest

from cli.teardown import assets
from cli.teardown.stack import deleted_ids, other_stacks

OWN, SHARED = (secrets.token_hex(32) for _ in range(2))


def template(bucket, *keys):
    code = [{"S3Bucket": {"Fn::Sub": bucket}, "S3Key": key} for key in keys]
    return json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Metadata": {"Code": code}}}})


@pytest.fixture
def deployed(aws):
    """A client of CloudFormation, the CDK's bucket, and two stacks that share one of two packages."""
    qualifier = secrets.token_hex(4)
    bucket = f"cdk-{qualifier}-assets-000000000000-{aws.region}"
    s3, cloudformation = aws.client("s3"), aws.client("cloudformation")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in (f"{OWN}.zip", f"{OWN}.zip", f"{SHARED}.tar.gz"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    stacks = [aws.name("going"), aws.name("staying")]
    named = f"cdk-{qualifier}-assets-${{AWS::AccountId}}-{aws.region}"
    for stack, keys in zip(stacks, ([f"{OWN}.zip", f"{SHARED}.tar.gz"], [f"{SHARED}.tar.gz"]), strict=True):
        cloudformation.create_stack(StackName=stack, TemplateBody=template(named, *keys))
        cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    return cloudformation, s3, bucket, stacks


def test_only_what_no_other_stack_names_goes_and_in_all_its_versions_also_when_the_stack_has_gone(deployed):
    cloudformation, s3, bucket, (going, staying) = deployed
    cloudformation.delete_stack(StackName=going)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=going, WaiterConfig={"Delay": 1})
    (former,) = deleted_ids(cloudformation, going)
    assert staying in other_stacks(cloudformation, going)

    found = assets.assets_of(cloudformation, [former], other_stacks(cloudformation, going))

    assert (found.bucket, found.own) == (bucket, [f"{OWN}.zip"])
    assert assets.present(s3, found) == [f"{OWN}.zip"]
    assert assets.delete(s3, found) == 1
    versions = s3.list_object_versions(Bucket=bucket)
    assert [item["Key"] for item in versions["Versions"]] == [f"{SHARED}.tar.gz"]
    assert "DeleteMarkers" not in versions
    assert assets.delete(s3, found) == 0


def test_without_the_cdks_bucket_there_are_no_packages(deployed):
    cloudformation, s3, bucket, (going, _) = deployed
    (stack,) = cloudformation.describe_stacks(StackName=going)["Stacks"]
    found = assets.assets_of(cloudformation, [stack["StackId"]], [])
    gone = assets.Assets(f"{bucket}-gone", found.keys, found.shared)
    assert assets.delete(s3, gone) == 0
