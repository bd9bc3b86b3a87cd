"""Makes the stack's buckets, and grants access to prefixes of them."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct


def private_bucket(scope: Construct, id_: str, *, versioned: bool = True) -> s3.Bucket:
    """A bucket that is encrypted, closed to the public and to plain HTTP, and outlives its stack."""
    return s3.Bucket(
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


def grant_read(bucket: s3.IBucket, grantee: iam.IGrantable, prefix: str) -> None:
    """Read below a prefix, and list what is there: SageMaker finds a channel's files by listing them."""
    grant_read_channel(bucket, grantee, f"{prefix}*")


def grant_read_channel(bucket: s3.IBucket, grantee: iam.IGrantable, pattern: str) -> None:
    """Read and list the keys that a pattern covers."""
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(pattern)])
    )
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [pattern]}},
        )
    )


def grant_write(bucket: s3.IBucket, grantee: iam.IGrantable, pattern: str) -> None:
    """Write objects whose keys begin with a prefix; it may hold wildcards."""
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=["s3:PutObject"], resources=[bucket.arn_for_objects(f"{pattern}*")])
    )
