"""The SNS topic that alarms and the training workflow write to."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class Notifications(Construct):
    """One topic; an e-mail subscription is live once its owner has followed the link in the first message."""

    def __init__(self, scope: Construct, id_: str, *, email: str | None) -> None:
        super().__init__(scope, id_)
        # No KMS key: the one that SNS owns would keep CloudWatch out, and one of our own costs a dollar a month.
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # A topic with a policy of its own loses the default one: without this statement no alarm ever arrives. The
        # one for EventBridge comes with the rule's target; EventBridge knows no conditions here.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AllowCloudWatch",
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))

    def grant_publish(self, grantee: iam.IGrantable) -> None:
        self.topic.grant_publish(grantee)
