"""The holdout rows of a table, as callers of the endpoint would send them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.aws.endpoint import Endpoint
from cli.rows.sending import send
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidRow
from functions.predict.body import MAX_ROWS
from functions.predict.scoring import rows_a_request

if TYPE_CHECKING:
    from training.inspection.inspection import Inspection


@dataclass(frozen=True)
class HoldoutRow:
    """A row that training never saw.

    Attributes:
        place: its file and line.
        features: as the table has them.
        truth: of the target: a number, or a label.
    """

    place: str
    features: dict[str, Any]
    truth: Any


def holdout_rows(found: "Inspection", table: Path) -> list[HoldoutRow]:
    """In the order of the split, without those that the contract refuses, or whose label training never saw.

    Args:
        table: the file or folder.
    """
    from evergreen.versions import data_version
    from training.reading.requested import as_requested
    from training.reading.table import read_version

    prepared = found.prepared
    assert prepared is not None
    frame, source = read_version(data_version.of_path(table), found.settings)
    frame = frame.loc[prepared.holdout_index]
    columns = {
        feature.name: as_requested(frame[feature.name], feature.type, source=source)
        for feature in prepared.contract.features
    }
    instances = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    truths = prepared.holdout[prepared.contract.target].tolist()
    return [
        HoldoutRow(source.place(index), features, truth)
        for index, features, truth in zip(prepared.holdout_index.tolist(), instances, truths, strict=True)
        if _fits(features, truth, prepared.contract)
    ]


def replay(
    endpoint: Endpoint, rows: Sequence[HoldoutRow], contract: Contract, progress: Callable[[str], None]
) -> list[str]:
    """Predict rows and tell the endpoint their truths; returns the ids of the predictions.

    Raises:
        RequestRefused: the endpoint refused a request for another reason than its rows.
    """
    refused: dict[int, str] = {}
    labels: list[tuple[int, dict[str, Any]]] = []
    items = ((place, row.features) for place, row in enumerate(rows))
    for places, answer in send(
        items, endpoint.predict, group="instances", most=rows_a_request(contract), refused=refused
    ):
        for place, predicted in zip(places, answer["predictions"], strict=True):
            labels.append((place, {"prediction_id": predicted["prediction_id"], "actual": rows[place].truth}))
        progress(f"{len(labels)} of {len(rows)} rows")
    for _ in send(labels, endpoint.feedback, group="labels", most=MAX_ROWS, refused=refused):
        pass
    return [label["prediction_id"] for place, label in labels if place not in refused]


def _fits(features: dict[str, Any], truth: Any, contract: Contract) -> bool:
    try:
        contract.parse(features)
    except InvalidRow:
        return False
    return not contract.classes or truth in contract.classes
