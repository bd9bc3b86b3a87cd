"""evergreen predict: one row, a file, or standard input, through the deployed endpoint."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.aws.endpoint import Endpoint
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import errors
from cli.rows.settings import Rejected, SettingsFile, table_settings
from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER
from evergreen.errors import CommandFailed
from evergreen.number_text import counted

# Columns of the answer, after those of the file.
_ADDED = ("prediction", "prediction_id")


def predict(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            help="A row as name=value pairs, or a file of rows: CSV with a header line, JSON lines, Parquet or Excel. "
            "Without it: standard input."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the CSV here instead of standard output.")
    ] = None,
    rejected: Rejected = None,
    spreadsheet: Annotated[
        bool,
        typer.Option(help="Put an apostrophe before text that a spreadsheet would run as a formula. Numbers stay."),
    ] = False,
    settings_file: SettingsFile = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Predict with the champion.

    One row prints its prediction. A file or standard input is read as the table was, by [data] of model.toml, and
    answered as CSV: its own columns, `prediction`, `prediction_id` and, of a classifier, the probability of each class.
    The cells of the file come back as they were: use --spreadsheet if somebody else wrote them and you open the answer
    in one. Rows that the model does not take are left out; if there are any, the exit code is 1.

        evergreen predict city=Austin year=2007 month=1 sales=1600 listings=7000 inventory=3.1

        evergreen predict data/texas_2007_2015.csv -o predictions.csv
    """
    endpoint = Endpoint(Target.choose(environment, local=local))
    if source and all("=" in word for word in source):
        _predict_row(endpoint, dict(word.split("=", 1) for word in source))
        return
    if source and len(source) > 1:
        raise CommandFailed(f"give one file, or name=value pairs for one row; got: {' '.join(source)}")
    if not source and sys.stdin.isatty():
        raise CommandFailed("give a row as name=value pairs, or a file of rows; see: evergreen predict --help")
    if output and output == rejected:
        raise CommandFailed(f"--output and --rejected both name {output}; each needs a file of its own")
    _predict_file(endpoint, source[0] if source else None, output, rejected, settings_file, spreadsheet=spreadsheet)


def _predict_row(endpoint: Endpoint, words: dict[str, str]) -> None:
    features = endpoint.model()["contract"]["features"]
    kinds = {feature["name"]: feature["type"] for feature in features}
    # A name that the model does not know is sent too: the endpoint's answer says what is wrong with it.
    answer = endpoint.predict({"features": {name: _value(kinds.get(name), word) for name, word in words.items()}})
    for warning in answer.get("warnings", []):
        errors.print(f"warning: {warning}", style="yellow", markup=False)
    print(answer["prediction"])


def _predict_file(
    endpoint: Endpoint,
    source: str | None,
    output: Path | None,
    rejected: Path | None,
    settings_file: Path | None,
    *,
    spreadsheet: bool,
) -> None:
    # What reads files takes long to import; one row does without it.
    from cli.rows.answer import complain, csv_output, refused_output, require_free
    from cli.rows.file import read_rows
    from cli.rows.predictions import predictions

    model = endpoint.model()
    contract = Contract.from_json(json.dumps(model["contract"]).encode())
    data = table_settings(settings_file, model)
    rows = read_rows(source, data)
    rows.require([feature.name for feature in contract.features], "the model needs")
    require_free(rows.header, [*_ADDED, *map(_probability, contract.classes)], file=rows.source.name)
    refused: dict[int, str] = {}
    unusual: list[str] = []
    count = 0
    answers = predictions(endpoint, rows, contract, refused)
    with (
        refused_output(rejected, rows, refused, data, spreadsheet=spreadsheet),
        csv_output(output, data, spreadsheet=spreadsheet) as write,
    ):
        for answer in answers:
            # Some classifiers give no probabilities: only an answer says so.
            classes = contract.classes if "probabilities" in answer[0][1] else ()
            if not count:
                write([*rows.header, *_ADDED, *map(_probability, classes)])
            cells = rows.rows([row for row, _ in answer])
            for row, (_, scored) in zip(cells, answer, strict=True):
                shares = [scored["probabilities"][label] for label in classes]
                write([*row, *(scored[name] for name in _ADDED), *shares])
                unusual += scored.get("warnings", [])[:1]
            count += len(answer)
            errors.print(f"{counted(count, 'row')} predicted", style="dim")
        if not count:
            write([*rows.header, *_ADDED])
    if unusual:
        text = f"warning: training had no values like those of {counted(len(unusual), 'row')}; the first: {unusual[0]}"
        errors.print(text, style="yellow", markup=False, soft_wrap=True)
    complain(rows, refused, "predicted", of=count + len(refused), file=rejected)


def _probability(label: str) -> str:
    return f"probability of {label}"


def _value(kind: str | None, word: str) -> Any:
    """A cell as a JSON value: null if empty, a number for a number. Other text is left for the endpoint to refuse."""
    if word == "":
        return None
    if kind != NUMBER:
        return word
    try:
        return json.loads(word)
    except ValueError:
        return word
