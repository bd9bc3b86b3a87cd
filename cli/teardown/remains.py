"""What an account still holds of an environment: looked for by the stack's tag, and by name where there are no tags."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.aws.refusals import is_denied
from cli.aws.target import client_of
from cli.findings import Finding, Status
from cli.teardown import assets, job_logs, running
from cli.teardown.assets import Assets
from evergreen import names

if TYPE_CHECKING:
    import boto3

# SageMaker keeps what a job was asked for; it costs nothing.
_RECORD = re.compile(r":(training|processing)-job/")


@dataclass(frozen=True)
class Named:
    """A kind of resource that is found by its name.

    Attributes:
        path: of the name in an answer: the list's member, and the name's in each of its items.
        arguments: of the request; `{stack}` stands for the stack's name.
        remedy: the command that removes one; `{name}` stands for it.
    """

    check: str
    service: str
    operation: str
    path: tuple[str, str]
    remedy: str
    arguments: tuple[tuple[str, str], ...] = ()


_NAMED = (
    Named(
        "log groups",
        "logs",
        "describe_log_groups",
        ("logGroups", "logGroupName"),
        "aws logs delete-log-group --log-group-name {name}",
        (("logGroupNamePattern", "{stack}"),),
    ),
    Named(
        "MLflow App",
        "sagemaker",
        "list_mlflow_apps",
        ("Summaries", "Name"),
        "aws sagemaker delete-mlflow-app, with the ARN of {name} (aws sagemaker list-mlflow-apps)",
    ),
    Named(
        "alarms",
        "cloudwatch",
        "describe_alarms",
        ("MetricAlarms", "AlarmName"),
        "aws cloudwatch delete-alarms --alarm-names '{name}'",
        (("AlarmNamePrefix", "{stack}"),),
    ),
    Named(
        "dashboards",
        "cloudwatch",
        "list_dashboards",
        ("DashboardEntries", "DashboardName"),
        "aws cloudwatch delete-dashboards --dashboard-names {name}",
        (("DashboardNamePrefix", "{stack}"),),
    ),
    Named(
        "event rules",
        "events",
        "list_rules",
        ("Rules", "Name"),
        "aws events delete-rule --name {name} (after aws events remove-targets)",
        (("NamePrefix", "{stack}"),),
    ),
    Named(
        "schedules",
        "scheduler",
        "list_schedules",
        ("Schedules", "Name"),
        "aws scheduler delete-schedule --name {name}",
        (("NamePrefix", "{stack}"),),
    ),
    Named(
        "roles",
        "iam",
        "list_roles",
        ("Roles", "RoleName"),
        "delete the role {name} in the IAM console, which takes its policies too",
    ),
    Named(
        "managed policies",
        "iam",
        "list_policies",
        ("Policies", "PolicyName"),
        "delete the policy {name} in the IAM console, which names whom it is attached to",
        (("Scope", "Local"),),
    ),
    Named(
        "functions",
        "lambda",
        "list_functions",
        ("Functions", "FunctionName"),
        "aws lambda delete-function --function-name {name}",
    ),
)


@dataclass(frozen=True)
class Remains:
    """Looks for what is left of an environment in one region.

    Attributes:
        buckets: those that are looked at apart.
        deleted: physical ids of what CloudFormation has deleted. The index of tags goes on naming it for some minutes.
        longer: names of other stacks that begin with this stack's: what is theirs is not left behind.
    """

    session: "boto3.Session"
    environment: str
    assets: Assets
    buckets: Sequence[str] = ()
    deleted: frozenset[str] = frozenset()
    longer: Sequence[str] = ()

    def findings(self, progress: Callable[[str], None]) -> list[Finding]:
        """One finding for each kind of resource: FAILED if one is left, SKIPPED if it could not be looked at."""
        looks: list[tuple[str, Callable[[], list[tuple[str, str]]]]] = [
            ("tagged resources", self._tagged),
            ("running jobs", self._jobs),
            ("job logs", self._streams),
            ("packages", self._packages),
            *((kind.check, lambda kind=kind: self._of(kind)) for kind in _NAMED),
        ]
        findings = []
        for check, look in looks:
            progress(check)
            findings.append(_finding(check, look))
        return findings

    def _client(self, service: str) -> Any:
        return client_of(self.session, service, attempts=10)

    def _tagged(self) -> list[tuple[str, str]]:
        pages = (
            self._client("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(TagFilters=[{"Key": names.TAG_ENVIRONMENT, "Values": [self.environment]}])
        )
        arns = [item["ResourceARN"] for page in pages for item in page["ResourceTagMappingList"]]
        kept = {f"arn:aws:s3:::{bucket}" for bucket in self.buckets}
        left = [arn for arn in arns if arn not in kept and not _RECORD.search(arn) and not self._is_deleted(arn)]
        remedy = (
            "delete it in its service's console; the index of tags follows by minutes: evergreen destroy looks again"
        )
        return [(arn, remedy) for arn in left]

    def _is_deleted(self, arn: str) -> bool:
        return any(arn == id_ or arn.endswith((f"/{id_}", f":{id_}")) for id_ in self.deleted)

    def _jobs(self) -> list[tuple[str, str]]:
        jobs = running.running_jobs(self._client("sagemaker"), self.environment)
        return [(job, f"aws sagemaker stop-{kind}-job --{kind}-job-name {job}") for kind, job in jobs]

    def _streams(self) -> list[tuple[str, str]]:
        found = job_logs.streams(self._client("logs"), self.environment)
        remedy = "aws logs delete-log-stream --log-group-name {} --log-stream-name {}"
        return [(f"{group} {stream}", remedy.format(group, stream)) for group, stream in found]

    def _packages(self) -> list[tuple[str, str]]:
        found = assets.present(self._client("s3"), self.assets)
        bucket = self.assets.bucket
        return [(f"s3://{bucket}/{key}", f"aws s3 rm s3://{bucket}/{key}") for key in found]

    def _of(self, kind: Named) -> list[tuple[str, str]]:
        stack = names.stack_name(self.environment)
        arguments = {name: value.format(stack=stack) for name, value in kind.arguments}
        pages = self._client(kind.service).get_paginator(kind.operation).paginate(**arguments)
        list_, name = kind.path
        found = [item[name] for page in pages for item in page.get(list_, [])]
        return [(item, kind.remedy.format(name=item)) for item in found if self._is_own(item)]

    def _is_own(self, name: str) -> bool:
        stack = re.escape(names.stack_name(self.environment))
        if any(re.search(rf"(^|/){re.escape(other)}([- /]|$)", name) for other in self.longer):
            return False
        return bool(re.search(rf"(^|/){stack}([- /]|$)", name))


def _finding(check: str, look: Callable[[], list[tuple[str, str]]]) -> Finding:
    try:
        left = look()
    except ClientError as error:
        if not is_denied(error):
            raise
        remedy = f"let an administrator run the command, or grant {error.operation_name} (docs/grants.md)"
        return Finding(check=check, status=Status.SKIPPED, found="you may not look", remedy=remedy)
    if not left:
        return Finding(check=check, status=Status.OK, found="none is left")
    shown = ", ".join(name for name, _ in left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
    return Finding(check=check, status=Status.FAILED, found=f"{len(left)} left: {shown}", remedy=left[0][1])


def longer_names(stack: str, others: Iterable[str]) -> list[str]:
    """Of other stacks' names, those that begin with a stack's."""
    return [other for other in others if other.startswith(f"{stack}-")]
