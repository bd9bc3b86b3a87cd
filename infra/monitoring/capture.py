"""Capture: the predict function's records go from its log to S3 by Firehose, off every caller's path."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from constructs import Construct

from evergreen import names
from infra.buckets import grant_locate, grant_read, grant_write, private_bucket
from infra.deployment import Deployment
from infra.logs import log_group
from infra.principals import own_service

# What is delivered together: as soon as one of the two is reached.
_BUFFER_SECONDS = 60
_BUFFER_MB = 16


class Capture(Construct):
    """Holds predictions/<day>/ and feedback/<day>/, JSON lines as the function wrote them, and checks/<model>/.

    Attributes:
        predictions: the stream that predictions are delivered by.
        predictions_filter: the name of the subscription that feeds it.
    """

    def __init__(self, scope: Construct, id_: str, deployment: Deployment, *, source: logs.LogGroup) -> None:
        """
        Args:
            source: the log group of the predict function.
        """
        super().__init__(scope, id_)
        # Without versions: what `evergreen forget` takes out must be gone.
        self.bucket = private_bucket(self, "Bucket", versioned=False)
        self.bucket.add_lifecycle_rule(id="Retention", expiration=Duration.days(deployment.environment.capture_days))
        self._log = log_group(self, "Log", deployment)
        self._source = source
        self._deliver = iam.Role(self, "DeliveryRole", assumed_by=iam.ServicePrincipal("firehose.amazonaws.com"))
        self._subscribe = iam.Role(
            self,
            "SubscriptionRole",
            assumed_by=own_service("logs"),
        )
        self._grant_delivery()
        self.predictions = self._stream(names.RECORD_PREDICT, names.PREDICTIONS_PREFIX)
        self.predictions_filter = names.RECORD_PREDICT
        self._stream(names.RECORD_FEEDBACK, names.FEEDBACK_PREFIX)

    def grant_read_captures(self, grantee: iam.IGrantable) -> None:
        self._grant_read(grantee, names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX, names.CHECKS_PREFIX)

    def grant_read_labels(self, grantee: iam.IGrantable) -> None:
        """Predictions and feedback, as channels of a job."""
        for prefix in (names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX):
            grant_read(self.bucket, grantee, prefix)
        grant_locate(self.bucket, grantee)

    def grant_read_predictions(self, grantee: iam.IGrantable) -> None:
        grant_read(self.bucket, grantee, names.PREDICTIONS_PREFIX)

    def grant_list_captures(self, grantee: iam.IGrantable) -> None:
        """Which captures there are, not what is in them; and the newest check."""
        self._grant_read(grantee, names.CHECKS_PREFIX)

    def grant_write_checks(self, grantee: iam.IGrantable) -> None:
        """Results and reports."""
        grant_write(self.bucket, grantee, names.CHECKS_PREFIX)

    def grant_read_checks(self, grantee: iam.IGrantable) -> None:
        self._grant_read(grantee, names.CHECKS_PREFIX)

    def _grant_read(self, grantee: iam.IGrantable, *prefixes: str) -> None:
        """Before the first check there is no result. S3 says so only to those who may list the whole bucket: a
        condition on the prefix does not hold for a GET, and the answer would be 403.
        """
        objects = [self.bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]
        for action, resources in {"s3:GetObject": objects, "s3:ListBucket": [self.bucket.bucket_arn]}.items():
            grantee.grant_principal.add_to_principal_policy(iam.PolicyStatement(actions=[action], resources=resources))

    def _grant_delivery(self) -> None:
        for prefix in (names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX, names.UNDELIVERED_PREFIX):
            grant_write(self.bucket, self._deliver, prefix)
            self._deliver.add_to_principal_policy(
                iam.PolicyStatement(
                    actions=["s3:AbortMultipartUpload"], resources=[self.bucket.arn_for_objects(f"{prefix}*")]
                )
            )
        self._deliver.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"], resources=[self.bucket.bucket_arn]
            )
        )
        self._deliver.add_to_principal_policy(
            iam.PolicyStatement(actions=["logs:PutLogEvents"], resources=[self._log.log_group_arn])
        )

    def _stream(self, kind: str, prefix: str) -> firehose.CfnDeliveryStream:
        name = kind.title()
        log_stream = logs.LogStream(self, f"{name}Log", log_group=self._log, removal_policy=RemovalPolicy.DESTROY)
        stream = firehose.CfnDeliveryStream(
            self,
            f"{name}Stream",
            delivery_stream_type="DirectPut",
            extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=self.bucket.bucket_arn,
                role_arn=self._deliver.role_arn,
                prefix=prefix + "!{timestamp:yyyy/MM/dd}/",
                error_output_prefix=f"{names.UNDELIVERED_PREFIX}{kind}/"
                + "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
                compression_format="GZIP",
                file_extension=".jsonl.gz",
                buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                    interval_in_seconds=_BUFFER_SECONDS, size_in_m_bs=_BUFFER_MB
                ),
                cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                    enabled=True,
                    log_group_name=self._log.log_group_name,
                    log_stream_name=log_stream.log_stream_name,
                ),
                processing_configuration=_unpacking(),
            ),
        )
        self._subscribe.add_to_principal_policy(
            iam.PolicyStatement(actions=["firehose:PutRecord", "firehose:PutRecordBatch"], resources=[stream.attr_arn])
        )
        # Not before the roles may do what they are for.
        stream.node.add_dependency(self._deliver)
        subscription = logs.CfnSubscriptionFilter(
            self,
            f"{name}Subscription",
            log_group_name=self._source.log_group_name,
            filter_name=kind,
            filter_pattern=f'{{ $.message = "{kind}" && $.capture = {names.CAPTURE_FORMAT} }}',
            destination_arn=stream.attr_arn,
            role_arn=self._subscribe.role_arn,
        )
        subscription.node.add_dependency(self._subscribe)
        return stream


def _unpacking() -> firehose.CfnDeliveryStream.ProcessingConfigurationProperty:
    """A subscription delivers gzipped envelopes of many log events: Firehose itself takes the messages out."""

    def processor(type_: str, **parameters: str) -> firehose.CfnDeliveryStream.ProcessorProperty:
        return firehose.CfnDeliveryStream.ProcessorProperty(
            type=type_,
            parameters=[
                firehose.CfnDeliveryStream.ProcessorParameterProperty(parameter_name=name, parameter_value=value)
                for name, value in parameters.items()
            ],
        )

    return firehose.CfnDeliveryStream.ProcessingConfigurationProperty(
        enabled=True,
        processors=[
            processor("Decompression", CompressionFormat="GZIP"),
            processor("CloudWatchLogProcessing", DataMessageExtraction="true"),
        ],
    )
