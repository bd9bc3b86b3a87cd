"""Alarms on what predictions get of the feature store."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment, FeatureStoreParameters
from infra.monitoring.alarm import alarm
from infra.monitoring.alarms import PERIOD
from infra.monitoring.metrics import own_metric

# The workflow writes its metrics once in hours: in between nothing has changed.
_UNTIL_THE_NEXT_RUN = cloudwatch.TreatMissingData.IGNORE


class FeatureAlarms(Construct):
    """One of the endpoint, and three of each view at most.

    Attributes:
        all: each of them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        features: FeatureStoreParameters,
        action: cloudwatch.IAlarmAction,
    ) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        self._action = action
        self.all: list[cloudwatch.IAlarm] = []
        self._of_the_endpoint()
        # A construct of its own for each view: names may differ in capital letters alone.
        self._of = {view: Construct(self, f"View {view}") for view in features.views}
        for view in features.views:
            self._of_the_view(view)
            if ttl := features.ttl_seconds.get(view):
                self._of_the_age(view, ttl)

    def _of_the_endpoint(self) -> None:
        made = alarm(
            self,
            self._deployment,
            "features unread",
            own_metric(self._deployment, names.METRIC_SERVICE, names.FEATURE_READ_FAILURES, "Sum", period=PERIOD),
            action=self._action,
            threshold=0,
            description="Predictions of the last five minutes could not read the feature store, and were answered with "
            "missing values in place of its features, or refused where the contract takes none. The cause is in the "
            "predict function's log: if a table is missing, run: cdk deploy; if requests are throttled, it passes.",
        )
        self.all.append(made)

    def _of_the_view(self, view: str) -> None:
        check = f"evergreen features check -e {self._deployment.environment.name}"
        self._of_the_workflow(
            f"feature skew {view}",
            view,
            names.FEATURE_SKEW,
            threshold=0,
            description=f"Predictions were given values of the view {view} that its history does not have: the model "
            f"serves on other values than it is trained on. The last result names them, and so does: {check}. Bring "
            "the history's own values online with: evergreen features push FILE, or add to it what is only online.",
        )
        self._of_the_workflow(
            f"features late {view}",
            view,
            names.FEATURES_LATE,
            threshold=0,
            description=f"Predictions were given values of the view {view} though its history had newer ones for "
            "longer than the schedule takes to write them. See whether executions of the feature workflow fail; write "
            "what is new with: evergreen features materialize",
        )

    def _of_the_age(self, view: str, ttl: int) -> None:
        self._of_the_workflow(
            f"features stale {view}",
            view,
            names.FEATURE_LAG_SECONDS,
            threshold=ttl,
            description=f"Everything that the view {view} has is older than its ttl of {ttl} seconds: predictions get "
            "none of it. Bring new values with: evergreen features push FILE, or give the view a longer ttl.",
        )

    def _of_the_workflow(self, name: str, view: str, metric: str, *, threshold: float, description: str) -> None:
        made = alarm(
            self._of[view],
            self._deployment,
            name,
            own_metric(self._deployment, names.FEATURES_SERVICE, metric, "Maximum", period=PERIOD, view=view),
            action=self._action,
            threshold=threshold,
            description=description,
            missing=_UNTIL_THE_NEXT_RUN,
        )
        self.all.append(made)
