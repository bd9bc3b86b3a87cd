"""The feature store's part of the stack: the online tables, the workflow that fills them on a schedule, and alarms."""

from dataclasses import replace

from aws_cdk import aws_iam as iam
from constructs import Construct

from evergreen import names
from infra.data_store import DataStore
from infra.deployment import Deployment, FeatureStoreParameters
from infra.feature_store.alarms import FeatureAlarms
from infra.feature_store.online_store import OnlineStore
from infra.feature_store.states import definition
from infra.feature_store.widgets import widgets
from infra.monitoring.monitoring import Monitoring
from infra.notifications import Notifications
from infra.principals import own_service
from infra.schedule import schedule
from infra.serving.serving import Serving
from infra.state_machine import state_machine
from infra.training import roles as job_roles
from infra.training.addresses import job_prefix
from infra.training.workflow import TrainingWorkflow


class FeatureStore(Construct):
    """
    Attributes:
        arn: of the workflow; an execution needs no input.
        name: the last part of the ARN, which is part of the ARNs of its executions.
        online: the tables.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        features: FeatureStoreParameters,
        data: DataStore,
        training: TrainingWorkflow,
        serving: Serving,
        monitoring: Monitoring,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, id_)
        self.online = OnlineStore(self, "Online", deployment, features=features)
        self.online.grant_read(serving.function.role)
        self.online.grant_look(training.judge.role)
        training.judge.lambda_function.add_environment(names.FEATURE_PROJECT, self.online.project)
        job_role = job_roles.materialise_role(
            self,
            deployment.environment.name,
            image=deployment.image,
            source=training.prepare_source,
            data=data,
        )
        self.online.grant_materialise(job_role)
        monitoring.capture.grant_read_predictions(job_role)
        role = iam.Role(self, "Role", assumed_by=own_service("states"))
        notifications.grant_publish(role)
        job_roles.grant_jobs(role, job_prefix(deployment.environment.name), [job_role], kinds=(job_roles.PROCESSING,))
        states = definition(
            replace(training.addresses, prepare_role=job_role.role_arn),
            project=self.online.project,
            capture_bucket=monitoring.capture.bucket.bucket_name,
            every_hours=features.every_hours,
        )
        machine = state_machine(self, deployment, states, role, log="-features")
        self.arn, self.name = machine.state_machine_arn, machine.state_machine_name
        schedule(
            self,
            self.arn,
            action="states:StartExecution",
            every=features.every_hours,
            unit="hour",
            description="Writes new features to the online store",
            dead_letters=notifications.dead_letters,
        )
        alarms = FeatureAlarms(self, "Alarms", deployment, features=features, action=monitoring.alarm_action)
        monitoring.dashboard.add(widgets(deployment, features, alarms.all))
