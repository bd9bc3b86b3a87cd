"""What the online tables of a contract's feature views lack, as some of their items show it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.feature_store.protobuf import FormatError
from evergreen.feature_store.values import type_of
from evergreen.feature_store.views import Typed, View

# One page: enough to see how a table is filled, and cheap however large it is.
_ITEMS = 100

Item = Mapping[str, Any]


def lacks(contract: Contract, project: str, scan: Callable[..., Mapping[str, Any]]) -> list[str]:
    """What is not online of the features that the contract has from its views, each with what would bring it.

    Args:
        project: the name of the stack's features in Feast.
        scan: boto3's method for DynamoDB.

    Raises:
        ClientError: DynamoDB refused or failed.
    """
    found: list[str] = []
    for view in contract.stored:
        wanted = [feature for feature in view.features if feature.name in contract.names]
        if wanted:
            found += _of_view(view, wanted, _items(names.online_table(project, view.name), scan))
    return found


def _items(table: str, scan: Callable[..., Mapping[str, Any]]) -> Sequence[Item] | None:
    """Some items of a table; None if there is no such table."""
    try:
        return list(scan(TableName=table, Limit=_ITEMS)["Items"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise


def _of_view(view: View, wanted: Sequence[Typed], items: Sequence[Item] | None) -> Iterator[str]:
    if items is None:
        yield (
            f"view {view.name} has no online table; describe the definitions and make it: "
            "evergreen features apply && cdk deploy"
        )
        return
    if not items:
        yield (
            f"view {view.name} has nothing online; write it with: evergreen features materialize, or evergreen "
            "features push FILE"
        )
        return
    stored = [item.get("values", {}).get("M", {}) for item in items]
    for feature in wanted:
        values = [each[feature.name] for each in stored if feature.name in each]
        if not values:
            yield (
                f"view {view.name} has nothing online of its feature {feature.name}, which may have been added since; "
                "write it with: evergreen features materialize"
            )
        elif other := _other_type(feature, values):
            yield (
                f"view {view.name} has its feature {feature.name} online as {other}, and the model was trained with "
                f"{feature.type}; bring the two together with: evergreen features apply && cdk deploy, then evergreen "
                "features materialize"
            )


def _other_type(feature: Typed, values: Sequence[Mapping[str, Any]]) -> str:
    """What values are instead of the feature's type; empty if most are of that, or nulls. Entities that have left the
    history keep what was once written of them, and nothing would ever bring that in line.
    """
    of_type, others = 0, []
    for value in values:
        found = _type_of(value)
        if found == feature.type:
            of_type += 1
        elif found:
            others.append(found)
    return others[0] if len(others) > of_type else ""


def _type_of(value: Mapping[str, Any]) -> str:
    """Of a stored value, or what it is instead of one; empty for a null."""
    try:
        return type_of(value["B"])
    except FormatError as error:
        return str(error)
    except KeyError:
        return "something that Feast does not write"
