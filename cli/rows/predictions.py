"""Predicts the rows of a file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.aws.endpoint import Endpoint
from cli.rows.file import RowFile
from cli.rows.sending import Item, Json, reason, send
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidRow
from functions.predict.scoring import rows_a_request


def predictions(
    endpoint: Endpoint, rows: RowFile, contract: Contract, refused: dict[int, str]
) -> Iterator[list[tuple[int, Json]]]:
    """For each request that was accepted: the position of each row, and what was answered of it.

    Args:
        contract: the endpoint's; the rows have its features.
        refused: gets the reason of each row that the model does not take, by its position.

    Raises:
        InvalidData: at once, if no feature can have the type of its column, or its numbers have different units.
        RequestRefused: while it runs, a refusal that is about none of the rows.
    """
    columns = {feature.name: rows.values(feature.name, feature.type) for feature in contract.features}
    fitting = _fitting(columns, contract, refused)
    answers = send(fitting, endpoint.predict, group="instances", most=rows_a_request(contract), refused=refused)
    return (list(zip(places, answer["predictions"], strict=True)) for places, answer in answers)


def _fitting(columns: Mapping[str, Sequence[Any]], contract: Contract, refused: dict[int, str]) -> Iterator[Item]:
    """The rows that fit the contract. Requests with others would count as rejected, and raise an alarm."""
    for row, cells in enumerate(zip(*columns.values(), strict=True)):
        instance = dict(zip(columns, cells, strict=True))
        try:
            contract.parse(instance)
        except InvalidRow as error:
            refused[row] = reason([each.as_dict() for each in error.errors], "features")
        else:
            yield row, instance
