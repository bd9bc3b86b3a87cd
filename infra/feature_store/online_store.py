"""The online store: a table for each feature view, in the form that Feast gives them."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from evergreen import names
from infra.arns import own_arn
from infra.deployment import Deployment, FeatureStoreParameters


class OnlineStore(Construct):
    """What is in a table can be written again from the history in the data bucket, so that it goes with the stack.

    Attributes:
        project: the name of the stack's features in Feast.
    """

    def __init__(self, scope: Construct, id_: str, deployment: Deployment, *, features: FeatureStoreParameters) -> None:
        super().__init__(scope, id_)
        self.project = names.feature_project(deployment.model_name, deployment.environment.name)
        self._tables = [
            dynamodb.CfnTable(
                self,
                # Its place in the template is its own, whatever other views come and go.
                f"Table {view}",
                table_name=names.online_table(self.project, view),
                billing_mode="PAY_PER_REQUEST",
                key_schema=[dynamodb.CfnTable.KeySchemaProperty(attribute_name="entity_id", key_type="HASH")],
                attribute_definitions=[
                    dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name="entity_id", attribute_type="S")
                ],
            )
            for view in features.views
        ]
        for table in self._tables:
            table.apply_removal_policy(RemovalPolicy.DESTROY)

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Look up entities, as many as a request has."""
        self._grant(grantee, ["dynamodb:BatchGetItem"])

    def grant_look(self, grantee: iam.IGrantable) -> None:
        """Look at some items of a table, or find that there is none: so the tables of all views are named, made or
        not.
        """
        tables = own_arn("dynamodb", f"table/{names.online_table(self.project, '*')}")
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(actions=["dynamodb:Scan"], resources=[tables])
        )

    def grant_write(self, grantee: iam.IGrantable) -> None:
        """Write entities one by one, each on the condition that it is not older than what is there."""
        self._grant(grantee, ["dynamodb:PutItem"])

    def grant_materialise(self, grantee: iam.IGrantable) -> None:
        """Write, and see first whether the tables are there, as Feast does."""
        self.grant_write(grantee)
        self._grant(grantee, ["dynamodb:DescribeTable"])

    def _grant(self, grantee: iam.IGrantable, actions: list[str]) -> None:
        arns = [table.attr_arn for table in self._tables]
        grantee.grant_principal.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=arns))
