"""The model bucket: bundles, decisions, the champion pointer, and the artifacts of the MLflow App."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from evergreen import names
from infra.data_store import grant_read, grant_write, private_bucket


class ModelStore(Construct):
    """Holds models/<model>/<job>/output/model/, decision.json beside it, and champions/<model>.json."""

    def __init__(self, scope: Construct, id_: str, *, model_name: str) -> None:
        super().__init__(scope, id_)
        self.bucket = private_bucket(self, "Bucket")
        self.bundles = names.bundles_prefix(model_name)
        self._pointer = names.champion_key(model_name)

    def grant_read_models(self, grantee: iam.IGrantable) -> None:
        """Bundles, decisions and the champion pointer.

        Before the first promotion there is no pointer. S3 says so only to those who may list the bucket, all of it:
        a condition on the prefix does not hold for a GET, and the answer would be 403.
        """
        statements = {
            "s3:GetObject": [
                self.bucket.arn_for_objects(f"{self.bundles}*"),
                self.bucket.arn_for_objects(self._pointer),
            ],
            "s3:ListBucket": [self.bucket.bucket_arn],
        }
        for action, resources in statements.items():
            grantee.grant_principal.add_to_principal_policy(iam.PolicyStatement(actions=[action], resources=resources))

    def grant_write_bundles(self, grantee: iam.IGrantable) -> None:
        grant_write(self.bucket, grantee, self.bundles)

    def grant_write_decisions(self, grantee: iam.IGrantable) -> None:
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"], resources=[self.bucket.arn_for_objects(f"{self.bundles}*/decision.json")]
            )
        )

    def grant_write_champion(self, grantee: iam.IGrantable) -> None:
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[self.bucket.arn_for_objects(self._pointer)])
        )

    def grant_artifacts(self, grantee: iam.IGrantable) -> None:
        """Read and write what MLflow clients store beside the runs: they go to S3 themselves."""
        grant_read(self.bucket, grantee, names.TRACKING_PREFIX)
        grant_write(self.bucket, grantee, names.TRACKING_PREFIX)
