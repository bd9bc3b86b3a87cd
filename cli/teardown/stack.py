"""Deletes a CloudFormation stack and follows it to its end.

The request names no role: CloudFormation goes on with the one that the stack was deployed with, the CDK's execution
role, and the caller needs no right to pass it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cli.aws.stacks import outputs_of
from evergreen.errors import CommandFailed

# Seconds between two looks, from the shortest to the longest, and how much longer each is.
_POLL, _LONGEST_POLL, _LONGER = 0.25, 5.0, 1.25
# A second request often deletes what the first could not: something was still in use.
_REQUESTS = 2
_GONE = ("DELETE_COMPLETE", "DELETE_SKIPPED")


@dataclass(frozen=True)
class Resource:
    logical_id: str
    physical_id: str
    kind: str
    status: str


@dataclass
class Stack:
    """A stack that is there.

    Attributes:
        id: its ARN, by which CloudFormation still knows it when it is gone.
    """

    cloudformation: Any
    name: str
    id: str
    status: str
    outputs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, cloudformation: Any, described: dict[str, Any]) -> "Stack":
        name, id_, status = (described[key] for key in ("StackName", "StackId", "StackStatus"))
        return cls(cloudformation, name, id_, status, outputs_of(described))

    def resources(self) -> list[Resource]:
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.id)
        return [
            Resource(
                item["LogicalResourceId"],
                item.get("PhysicalResourceId", ""),
                item["ResourceType"],
                item["ResourceStatus"],
            )
            for page in pages
            for item in page["StackResourceSummaries"]
        ]

    def require_quiet(self) -> None:
        """
        Raises:
            CommandFailed: a deployment is under way.
        """
        if self.status.endswith("_IN_PROGRESS") and self.status not in ("DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS"):
            raise CommandFailed(
                f"{self.name} is {self.status}: a deployment is under way, here or elsewhere; one that was interrupted "
                "goes on in AWS. Wait until it has ended, or end it with: aws cloudformation cancel-update-stack "
                f"--stack-name {self.name}. Then run the command again"
            )

    def delete(self, progress: Callable[[str], None]) -> None:
        """Delete the stack, except what its template keeps. One that is being deleted already is followed.

        Raises:
            CommandFailed: a resource cannot be deleted, or the stack is protected; what is deleted stays deleted.
        """
        for _ in range(_REQUESTS):
            if self.status != "DELETE_IN_PROGRESS":
                self._request()
            self._follow(progress)
            if self.status == "DELETE_COMPLETE":
                return
        raise CommandFailed(self._failure())

    def _request(self) -> None:
        try:
            self.cloudformation.delete_stack(StackName=self.id)
        except ClientError as error:
            if "TerminationProtection" not in str(error):
                raise
            raise CommandFailed(
                f"{self.name} is protected. Take the protection away, and run the command again: aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection --stack-name {self.name}"
            ) from error
        self.status = "DELETE_IN_PROGRESS"

    def _follow(self, progress: Callable[[str], None]) -> None:
        pause = _POLL
        while True:
            self.status = self.cloudformation.describe_stacks(StackName=self.id)["Stacks"][0]["StackStatus"]
            if self.status != "DELETE_IN_PROGRESS":
                return
            left = [resource for resource in self.resources() if resource.status not in _GONE]
            going = [resource.logical_id for resource in left if resource.status == "DELETE_IN_PROGRESS"]
            progress(f"{len(left)} resources left" + (f", now {going[0]}" if going else ""))
            time.sleep(pause)
            pause = min(pause * _LONGER, _LONGEST_POLL)

    def _failure(self) -> str:
        failed = [resource for resource in self.resources() if resource.status == "DELETE_FAILED"]
        reasons = self._reasons()
        lines = [
            f"  {resource.kind} {resource.logical_id} ({resource.physical_id}): "
            f"{reasons.get(resource.logical_id) or 'CloudFormation gives no reason'}"
            for resource in failed
        ]
        described = self.cloudformation.describe_stacks(StackName=self.id)["Stacks"][0]
        reason = described.get("StackStatusReason", "")
        if "role" in reason.lower() and ("assume" in reason or "invalid" in reason):
            remedy = "The role that deployed it is gone: make it anew with cdk bootstrap, and run the command again"
        elif any("attached to entities" in told for told in reasons.values()):
            remedy = "Detach the policy from everybody whom it is attached to, and run the command again"
        else:
            remedy = "Remove what is in the way, and run the command again: it goes on with what is left"
        return "\n".join([f"{self.name} is {self.status}: {reason}".rstrip(": "), *lines, remedy])

    def _reasons(self) -> dict[str, str]:
        """Why each resource could not be deleted at last, by its logical id. The newest event comes first."""
        reasons: dict[str, str] = {}
        for page in self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.id):
            for event in page["StackEvents"]:
                if event["ResourceStatus"] == "DELETE_FAILED":
                    reasons.setdefault(event["LogicalResourceId"], event.get("ResourceStatusReason", ""))
        return reasons


def deleted_ids(cloudformation: Any, name: str) -> list[str]:
    """The ids of deleted stacks of a name, which CloudFormation knows for 90 days."""
    pages = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    return [item["StackId"] for page in pages for item in page["StackSummaries"] if item["StackName"] == name]


def deleted_resources(cloudformation: Any, ids: Iterable[str]) -> frozenset[str]:
    """The physical ids of what CloudFormation deleted with stacks, whose ids it still knows."""
    return frozenset(
        resource.physical_id
        for id_ in ids
        for resource in Stack(cloudformation, "", id_, "DELETE_COMPLETE").resources()
        if resource.status == "DELETE_COMPLETE" and resource.physical_id
    )


def other_stacks(cloudformation: Any, name: str) -> list[str]:
    """The names of all other stacks in the region."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return [item["StackName"] for page in pages for item in page["Stacks"] if item["StackName"] != name]
