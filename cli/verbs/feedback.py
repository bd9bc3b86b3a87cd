"""evergreen feedback: sends what really happened, from a file that names the predictions."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.aws.endpoint import Endpoint
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console
from cli.rows.settings import Rejected, SettingsFile, table_settings
from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER
from evergreen.errors import InvalidRow
from evergreen.number_text import counted
from functions.predict.body import MAX_ROWS

# These take long to import.
if TYPE_CHECKING:
    from cli.rows.file import RowFile
    from cli.rows.sending import Item


def feedback(
    source: Annotated[str, typer.Argument(help="The file, as `evergreen predict` reads it; - for standard input.")],
    id_column: Annotated[str, typer.Option("--id", help="The column of the prediction ids.")] = "prediction_id",
    actual: Annotated[str, typer.Option(help="The column of the truths.")] = "actual",
    rejected: Rejected = None,
    settings_file: SettingsFile = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Tell the endpoint what really happened, for the check of live quality.

    The file is the CSV that `evergreen predict` wrote, with one more column. Rows without a truth are passed over.
    Labels that the endpoint does not take are left out; if there are any, the exit code is 1.

        evergreen feedback predictions.csv --actual median
    """
    from cli.rows.answer import complain, refused_output
    from cli.rows.file import read_rows
    from cli.rows.sending import send

    endpoint = Endpoint(Target.choose(environment, local=local))
    model = endpoint.model()
    data = table_settings(settings_file, model)
    rows = read_rows(source, data)
    rows.require([id_column, actual], "--id and --actual name")
    contract = Contract.from_json(json.dumps(model["contract"]).encode())
    labels = _labels(rows, id_column, actual, contract)
    refused: dict[int, str] = {}
    count = 0
    with refused_output(rejected, rows, refused, data):
        fitting = _fitting(labels, contract, refused)
        for places, _ in send(fitting, endpoint.feedback, group="labels", most=MAX_ROWS, refused=refused):
            count += len(places)
    passed_over = len(rows.numbers) - len(labels)
    without = f"; {counted(passed_over, 'row')} without a truth passed over" if passed_over else ""
    console.print(f"{counted(count, 'label')} recorded{without}", markup=False)
    complain(rows, refused, "recorded", of=len(labels), file=rejected)


def _labels(rows: "RowFile", id_column: str, actual: str, contract: Contract) -> "list[Item]":
    """The rows that have a truth: numbers of a regression, texts of a classification."""
    truths = rows.values(actual, CATEGORY if contract.classes else NUMBER)
    labels = enumerate(zip(rows.values(id_column, CATEGORY), truths, strict=True))
    return [(row, {"prediction_id": id_, "actual": truth}) for row, (id_, truth) in labels if truth is not None]


def _fitting(labels: "list[Item]", contract: Contract, refused: dict[int, str]) -> "Iterator[Item]":
    """The labels that the endpoint takes. Requests with others would count as rejected, and raise an alarm."""
    from cli.rows.sending import reason
    from functions.predict.feedback import read_labels

    for row, label in labels:
        try:
            read_labels(label, contract)
        except InvalidRow as error:
            refused[row] = reason([each.as_dict() for each in error.errors], "")
        else:
            yield row, label
