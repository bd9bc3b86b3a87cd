"""Makes the stack's buckets, and grants access to prefixes of them."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from evergreen import names


def private_bucket(scope: Construct, id_: str, *, versioned: bool = True) -> s3.Bucket:
    """A bucket that is encrypted, closed to the public and to plain HTTP, and outlives its stack."""
    bucket = s3.Bucket(
        scope,
        id_,
        versioned=versioned,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        removal_policy=RemovalPolicy.RETAIN,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="Leftovers",
                abort_incomplete_multipart_upload_after=Duration.days(7),
                noncurrent_version_expiration=Duration.days(90),
            )
        ],
    )
    # CloudFormation's own tag with this id is not documented to stay when the stack is gone.
    resource = cast(s3.CfnBucket, bucket.node.default_child)
    Tags.of(bucket).add(names.TAG_LOGICAL_ID, Stack.of(bucket).get_logical_id(resource))
    return bucket


def grant_read(bucket: s3.IBucket, grantee: iam.IGrantable, prefix: str) -> None:
    """Read below a prefix, and list what is there: SageMaker finds a channel's files by listing them."""
    grant_read_channel(bucket, grantee, f"{prefix}*")


def grant_read_channel(bucket: s3.IBucket, grantee: iam.IGrantable, pattern: str) -> None:
    """Read and list the keys that a pattern covers."""
    _grant(grantee, ["s3:GetObject"], bucket.arn_for_objects(pattern))
    _grant(grantee, ["s3:ListBucket"], bucket.bucket_arn, conditions={"StringLike": {"s3:prefix": [pattern]}})


def grant_write(bucket: s3.IBucket, grantee: iam.IGrantable, pattern: str) -> None:
    """Write objects whose keys begin with a prefix; it may hold wildcards."""
    _grant(grantee, ["s3:PutObject"], bucket.arn_for_objects(f"{pattern}*"))


def grant_write_in_parts(bucket: s3.IBucket, grantee: iam.IGrantable, prefix: str) -> None:
    """Write objects, large ones in parts: what SageMaker does with a job's results."""
    grant_write(bucket, grantee, prefix)
    parts = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    _grant(grantee, parts, bucket.arn_for_objects(f"{prefix}*"))
    grant_locate(bucket, grantee)


def grant_locate(bucket: s3.IBucket, grantee: iam.IGrantable) -> None:
    """Ask for a bucket's region, as SageMaker may before it reads or writes."""
    _grant(grantee, ["s3:GetBucketLocation"], bucket.bucket_arn)


def _grant(
    grantee: iam.IGrantable,
    actions: list[str],
    resource: str,
    *,
    conditions: dict[str, dict[str, list[str]]] | None = None,
) -> None:
    statement = iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)
    grantee.grant_principal.add_to_principal_policy(statement)
