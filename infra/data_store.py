"""The data bucket: versions of tables, settings, and the splits that Prepare makes."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from evergreen import names
from infra.buckets import grant_locate, grant_read, grant_write_in_parts, private_bucket
from infra.deployment import Deployment


class DataStore(Construct):
    """Holds dvc/files/md5/<content> and data/<version>.manifest, which names a version's files;
    settings/<sha256>/model.toml; prepared/<model>/<version>/.
    """

    def __init__(self, scope: Construct, id_: str, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self.bucket = private_bucket(self, "Bucket")
        days = deployment.environment.expire_days
        self.bucket.add_lifecycle_rule(
            id="PreparedCanBeMadeAgain", prefix=names.PREPARED_PREFIX, expiration=Duration.days(days)
        )

    def grant_read_inputs(self, grantee: iam.IGrantable) -> None:
        for prefix in (names.DATA_PREFIX, names.DVC_PREFIX, names.SETTINGS_PREFIX):
            grant_read(self.bucket, grantee, prefix)
        grant_locate(self.bucket, grantee)

    def grant_read_prepared(self, grantee: iam.IGrantable) -> None:
        grant_read(self.bucket, grantee, names.PREPARED_PREFIX)
        grant_read(self.bucket, grantee, names.SETTINGS_PREFIX)
        grant_locate(self.bucket, grantee)

    def grant_write_prepared(self, grantee: iam.IGrantable) -> None:
        grant_write_in_parts(self.bucket, grantee, names.PREPARED_PREFIX)
