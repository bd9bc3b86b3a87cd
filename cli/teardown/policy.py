"""Who has the managed policy for people: the stack attaches it to nobody, and IAM deletes none that is attached."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Holder:
    """
    Attributes:
        kind: Role, User or Group.
    """

    kind: str
    name: str


def holders(iam: Any, policy: str) -> list[Holder]:
    """To whom a managed policy is attached; nobody if it is gone."""
    found = []
    try:
        for page in iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy):
            for kind in ("Role", "User", "Group"):
                found += [Holder(kind, item[f"{kind}Name"]) for item in page[f"Policy{kind}s"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
    return found


def detach(iam: Any, policy: str, holder: Holder) -> None:
    kind = holder.kind.lower()
    getattr(iam, f"detach_{kind}_policy")(**{f"{holder.kind}Name": holder.name, "PolicyArn": policy})
