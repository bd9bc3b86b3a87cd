"""What a teardown would remove and what it would leave, found before anything is touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.aws.target import Target, client_of
from cli.teardown import assets, job_logs, policy, running
from cli.teardown.assets import Assets
from cli.teardown.emptying import Contents, contents
from cli.teardown.kept import StackBucket, stack_buckets
from cli.teardown.policy import Holder
from cli.teardown.stack import Resource, Stack, deleted_ids, other_stacks
from evergreen import names
from evergreen.errors import CommandFailed

if TYPE_CHECKING:
    import boto3

# USD a month for a gigabyte in S3 Standard in us-east-1.
_GIGABYTE = 0.023
_MACHINE, _APP, _POLICY = (
    "AWS::StepFunctions::StateMachine",
    "AWS::SageMaker::MlflowApp",
    "AWS::IAM::ManagedPolicy",
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    Attributes:
        session: in the stack's region; without a stack, in that of its environment.
        stack: None if there is none.
        buckets: of the stack, and those that earlier stacks of the environment have left.
        executions: ARNs of the trainings under way.
        policies: the ARN of the managed policy with each to whom it is attached.
        streams: how many log streams the jobs have left.
        packages: how many of the assets are in the CDK's bucket, and no other stack's.
        jobs: names of SageMaker jobs under way.
        others: the names of the region's other stacks.
        former: ids of the environment's deleted stacks.
    """

    environment: str
    session: "boto3.Session"
    stack: Stack | None
    resources: Sequence[Resource]
    buckets: Sequence[StackBucket]
    contents: dict[str, Contents]
    executions: Sequence[str]
    policies: Sequence[tuple[str, Holder]]
    assets: Assets
    streams: int
    packages: int
    jobs: Sequence[str]
    others: Sequence[str]
    former: Sequence[str]

    @property
    def name(self) -> str:
        return names.stack_name(self.environment)

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    def client(self, service: str) -> Any:
        """A client with patience: thousands of requests are sent."""
        return client_of(self.session, service, attempts=10)

    def sentences(self, *, delete_data: bool) -> tuple[list[str], list[str]]:
        """What goes, and what stays."""
        goes = []
        if self.stack:
            count = len(self.resources) - sum(resource.kind == "AWS::S3::Bucket" for resource in self.resources)
            goes.append(
                f"the stack {self.name} in {self.region}: {count} resources, the endpoint and its logs with them"
            )
        if any(resource.kind == _APP for resource in self.resources):
            goes.append("the MLflow App with all of its runs, registered models and aliases")
        if self.executions:
            goes.append(f"{len(self.executions)} training under way, which is stopped")
        goes += [f"{holder.kind} {holder.name} loses {arn.rpartition('/')[2]}" for arn, holder in self.policies]
        if self.jobs:
            goes.append(f"SageMaker jobs under way, which are stopped: {', '.join(self.jobs)}")
        if self.streams:
            goes.append(f"{self.streams} log streams of this environment's jobs")
        if self.packages:
            kept = f"; {len(self.assets.shared)} that other stacks use stay" if self.assets.shared else ""
            goes.append(f"{self.packages} packages in {self.assets.bucket}{kept}")
        buckets = [f"{bucket.name}: {self.contents[bucket.name].words}" for bucket in self.buckets]
        if delete_data:
            return [*goes, *(f"{bucket}, for good" for bucket in buckets)], []
        return goes, buckets

    def has_work(self, *, delete_data: bool) -> bool:
        """Whether anything is there that would go."""
        return bool(self.stack or self.streams or self.packages or self.jobs or (delete_data and self.buckets))

    @property
    def monthly(self) -> float:
        """What the buckets cost a month, in USD, by what was counted."""
        return sum(found.size for found in self.contents.values()) / 1e9 * _GIGABYTE


def make_plan(target: Target) -> Plan:
    """
    Raises:
        CommandFailed: a deployment is under way, or the stack is in a region that was not looked at.
    """
    environment, found = target.environment, target.find()
    session = found[0] if found else target.sessions()[0]
    cloudformation = client_of(session, "cloudformation", attempts=10)
    stack = Stack.of(cloudformation, found[1]) if found else None
    if stack:
        stack.require_quiet()
    buckets = stack_buckets(session, environment)
    elsewhere = next((bucket.region for bucket in buckets if bucket.in_use and not _is_in(bucket, found)), None)
    if elsewhere:
        name = names.stack_name(environment)
        raise CommandFailed(f"there is a stack {name} in {elsewhere}: run AWS_REGION={elsewhere} evergreen destroy")
    resources = stack.resources() if stack else []
    others = other_stacks(cloudformation, names.stack_name(environment))
    former = deleted_ids(cloudformation, names.stack_name(environment))
    s3, states, iam, logs, sagemaker = (
        client_of(session, service, attempts=10) for service in ("s3", "stepfunctions", "iam", "logs", "sagemaker")
    )
    machines = [resource.physical_id for resource in resources if resource.kind == _MACHINE and resource.physical_id]
    policies = [resource.physical_id for resource in resources if resource.kind == _POLICY and resource.physical_id]
    named = assets.assets_of(cloudformation, [*([stack.id] if stack else []), *former], others)
    return Plan(
        environment=environment,
        session=session,
        stack=stack,
        resources=resources,
        buckets=buckets,
        contents={bucket.name: _contents(s3, bucket.name) for bucket in buckets},
        executions=running.running_executions(states, machines),
        policies=[(arn, holder) for arn in policies for holder in policy.holders(iam, arn)],
        assets=named,
        streams=len(job_logs.streams(logs, environment)),
        packages=len(assets.present(s3, named)),
        jobs=[job for _, job in running.running_jobs(sagemaker, environment)],
        others=others,
        former=former,
    )


def _is_in(bucket: StackBucket, found: "tuple[boto3.Session, dict[str, Any]] | None") -> bool:
    return found is not None and bucket.region == found[0].region_name


def _contents(s3: Any, bucket: str) -> Contents:
    try:
        return contents(s3, bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        return Contents(0, 0, is_all=True)
