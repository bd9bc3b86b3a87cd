"""The model bucket: bundles, decisions, the champion pointer, the lease, and the artifacts of the MLflow App."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from evergreen import names
from infra.buckets import (
    grant_locate,
    grant_read,
    grant_read_channel,
    grant_write,
    grant_write_in_parts,
    private_bucket,
)
from infra.deployment import Deployment

# What the endpoint reads of a bundle.
_SERVED = ("model.json", "contract.json", "metrics.json")
# What a renewal reads of the champion's before it begins.
_KNOWN_TO_RENEWAL = ("lineage.json", "metrics.json")
# What Judge writes beside a bundle.
_VERDICT = ("decision.json", "model_card.html", "model_card.md")


class ModelStore(Construct):
    """Holds models/<model>/<job>/output/model/, decision.json and the model card beside it, champions/<model>.json,
    leases/<model>.json, renewals/<model>.json, and failures/<model>/, the words of jobs that have failed.
    """

    def __init__(self, scope: Construct, id_: str, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self.bucket = private_bucket(self, "Bucket")
        self.bucket.add_lifecycle_rule(
            id="FailuresWereTold",
            prefix=names.FAILURES_PREFIX,
            expiration=Duration.days(deployment.environment.expire_days),
        )
        self.bundles = names.bundles_prefix(deployment.model_name)
        self._pointer = names.champion_key(deployment.model_name)
        self._lease = names.lease_key(deployment.model_name)
        self._ledger = names.ledger_key(deployment.model_name)
        self._failures = names.failure_key(deployment.model_name, "*")

    def grant_read_models(self, grantee: iam.IGrantable) -> None:
        """Bundles, decisions and the champion pointer.

        Before the first promotion there is no pointer. S3 says so only to those who may list the bucket, all of it:
        a condition on the prefix does not hold for a GET, and the answer would be 403.
        """
        self._grant(grantee, "s3:GetObject", f"{self.bundles}*", self._pointer)
        self._grant_list(grantee)

    def grant_serve(self, grantee: iam.IGrantable) -> None:
        """The champion pointer, and of the bundles what the endpoint answers with: not the holdout rows."""
        served = (f"{self.bundles}*/output/model/{name}" for name in _SERVED)
        self._grant(grantee, "s3:GetObject", *served, self._pointer)
        self._grant_list(grantee)

    def grant_lease(self, grantee: iam.IGrantable) -> None:
        """Take and give back the lease, and read the champion pointer; before the first there is neither."""
        self._grant(grantee, "s3:GetObject", self._lease, self._pointer)
        self._grant(grantee, "s3:PutObject", self._lease)
        self._grant_list(grantee)

    def grant_ledger(self, grantee: iam.IGrantable) -> None:
        """Read and write the ledger of renewal, and read the champion pointer and what its bundle was made from."""
        known = (f"{self.bundles}*/output/model/{name}" for name in _KNOWN_TO_RENEWAL)
        self._grant(grantee, "s3:GetObject", self._pointer, *known)
        self.grant_change_ledger(grantee)

    def grant_change_ledger(self, grantee: iam.IGrantable) -> None:
        self.grant_read_ledger(grantee)
        self._grant(grantee, "s3:PutObject", self._ledger)

    def grant_read_ledger(self, grantee: iam.IGrantable) -> None:
        """Before the first renewal there is none, which S3 says to those who may list the bucket."""
        self._grant(grantee, "s3:GetObject", self._ledger)
        self._grant_list(grantee)

    def grant_read_contracts(self, grantee: iam.IGrantable) -> None:
        """The contract of any bundle, as a channel of a job, and nothing else of it."""
        grant_read_channel(self.bucket, grantee, f"{self.bundles}*/output/model/contract.json")
        grant_locate(self.bucket, grantee)

    def grant_write_bundles(self, grantee: iam.IGrantable, *, jobs: str) -> None:
        """Bundles, or in place of one why there is none.

        Args:
            jobs: as of grant_judge_bundles. Jobs share their role, so that it cannot be limited to one of them.
        """
        grant_write_in_parts(self.bucket, grantee, f"{self.bundles}{jobs}/")
        self._grant(grantee, "s3:PutObject", self._failures)

    def grant_read_failures(self, grantee: iam.IGrantable) -> None:
        self._grant(grantee, "s3:GetObject", self._failures)

    def grant_judge_bundles(self, grantee: iam.IGrantable, *, jobs: str) -> None:
        """The bundle's folder, which Judge unpacks, and what it writes beside it.

        Args:
            jobs: the names of training jobs, with no star in them: it would cover slashes too.
        """
        self._grant(
            grantee, "s3:PutObject", *(f"{self.bundles}{jobs}/{name}" for name in ("output/model/*", *_VERDICT))
        )

    def grant_write_champion(self, grantee: iam.IGrantable) -> None:
        self._grant(grantee, "s3:PutObject", self._pointer)

    def grant_artifacts(self, grantee: iam.IGrantable) -> None:
        """Read and write what MLflow clients store beside the runs: they go to S3 themselves."""
        grant_read(self.bucket, grantee, names.TRACKING_PREFIX)
        grant_write(self.bucket, grantee, names.TRACKING_PREFIX)

    def grant_serve_artifacts(self, grantee: iam.IGrantable) -> None:
        """The same for the MLflow App, which lists the whole bucket.

        https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-create-tracking-server-iam.html
        """
        self._grant(grantee, "s3:GetObject", f"{names.TRACKING_PREFIX}*")
        self._grant_list(grantee)
        grant_write_in_parts(self.bucket, grantee, names.TRACKING_PREFIX)

    def _grant(self, grantee: iam.IGrantable, action: str, *keys: str) -> None:
        resources = [self.bucket.arn_for_objects(key) for key in keys]
        grantee.grant_principal.add_to_principal_policy(iam.PolicyStatement(actions=[action], resources=resources))

    def _grant_list(self, grantee: iam.IGrantable) -> None:
        statement = iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn])
        grantee.grant_principal.add_to_principal_policy(statement)
