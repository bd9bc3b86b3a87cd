"""The data bucket: versions of tables, settings, and the splits that Prepare makes."""

from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from evergreen import names
from infra.buckets import grant_locate, grant_read, grant_write, grant_write_in_parts, private_bucket
from infra.deployment import Deployment


class DataStore(Construct):
    """Holds dvc/files/md5/<content> and data/<version>.manifest, which names a version's files; data/<version>.new;
    settings/<sha256>/model.toml; prepared/<model>/<version>/; captures/<model>/<version>/, what a renewal read;
    features/data/<view>/, the histories of feature views, and features/registry/, what is online of them.
    """

    def __init__(self, scope: Construct, id_: str, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self.bucket = private_bucket(self, "Bucket")
        days = deployment.environment.expire_days
        self.bucket.add_lifecycle_rule(
            id="PreparedCanBeMadeAgain", prefix=names.PREPARED_PREFIX, expiration=Duration.days(days)
        )
        if deployment.settings.renewal:
            self.bucket.add_lifecycle_rule(
                id="CapturesWereRead", prefix=names.CAPTURES_READ_PREFIX, expiration=Duration.days(days)
            )
            if deployment.settings.renewal["on_new_data"]:
                self._tell_of_objects()

    def _tell_of_objects(self) -> None:
        """Have S3 tell EventBridge of every object. The construct's own property would bring a function to set it."""
        told = s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        resource = cast(s3.CfnBucket, self.bucket.node.default_child)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=told
        )

    def grant_read_inputs(self, grantee: iam.IGrantable) -> None:
        for prefix in (names.DATA_PREFIX, names.DVC_PREFIX, names.SETTINGS_PREFIX):
            grant_read(self.bucket, grantee, prefix)
        grant_locate(self.bucket, grantee)

    def grant_read_histories(self, grantee: iam.IGrantable) -> None:
        grant_read(self.bucket, grantee, names.HISTORIES_PREFIX)
        grant_locate(self.bucket, grantee)

    def grant_keep_registry(self, grantee: iam.IGrantable) -> None:
        """Feast's registry, and what was written online."""
        grant_read(self.bucket, grantee, names.REGISTRY_PREFIX)
        grant_write(self.bucket, grantee, names.REGISTRY_PREFIX)

    def grant_read_prepared(self, grantee: iam.IGrantable) -> None:
        grant_read(self.bucket, grantee, names.PREPARED_PREFIX)
        grant_read(self.bucket, grantee, names.SETTINGS_PREFIX)
        grant_locate(self.bucket, grantee)

    def grant_write_prepared(self, grantee: iam.IGrantable) -> None:
        grant_write_in_parts(self.bucket, grantee, names.PREPARED_PREFIX)

    def grant_read_captures_lists(self, grantee: iam.IGrantable) -> None:
        grant_read(self.bucket, grantee, names.CAPTURES_READ_PREFIX)

    def grant_plan(self, grantee: iam.IGrantable) -> None:
        """Say which captures a renewal reads, and see what its first job has found."""
        grant_write(self.bucket, grantee, names.CAPTURES_READ_PREFIX)
        found = self.bucket.arn_for_objects(f"{names.PREPARED_PREFIX}*/{names.PLAN}")
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[found])
        )

    def grant_write_versions(self, grantee: iam.IGrantable) -> None:
        """Add objects and manifests of a new version."""
        grant_write_in_parts(self.bucket, grantee, names.OBJECTS_PREFIX)
        grant_write_in_parts(self.bucket, grantee, names.DATA_PREFIX)
