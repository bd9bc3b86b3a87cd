"""The SNS topic that alarms and the training workflow write to, and the queue of events that failed."""

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from evergreen import names
from infra.dead_letters import DeadLetters
from infra.deployment import Deployment
from infra.principals import own_service


class Notifications(Construct):
    """One topic; an e-mail subscription is live once its owner has followed the link in the first message.

    Attributes:
        dead_letters: takes events that a function could not process after all its retries. An alarm watches it.
    """

    def __init__(self, scope: Construct, id_: str, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(scope, "DeadLetters").queue
        self._format = deployment.settings.message_format
        # No KMS key: the one that SNS owns would keep CloudWatch out, and one of our own costs a dollar a month.
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # A topic with a policy of its own loses the default one: without this statement no alarm ever arrives. The
        # one for EventBridge comes with the rule's target: AWS documents that it must have no condition.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AllowCloudWatch",
                actions=["sns:Publish"],
                principals=[own_service("cloudwatch")],
                resources=[self.topic.topic_arn],
            )
        )
        if deployment.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(deployment.alarm_email))

    def event_message(self, *, subject: str, text: str) -> events.RuleTargetInput:
        """What an EventBridge rule sends: the text alone, or in the form of chat tools.

        https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
        """
        if self._format == names.FORMAT_TEXT:
            return events.RuleTargetInput.from_text(text)
        content = {"textType": "client-markdown", "title": subject, "description": text}
        return events.RuleTargetInput.from_object({"version": "1.0", "source": "custom", "content": content})

    def grant_publish(self, grantee: iam.IGrantable) -> None:
        self.topic.grant_publish(grantee)
