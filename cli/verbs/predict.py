"""evergreen predict: one row, a file, or standard input, through the deployed endpoint."""

import csv
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from cli.aws.endpoint import Endpoint
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import errors
from evergreen.contract.contract import NUMBER
from evergreen.errors import CommandFailed
from evergreen.number_text import counted

# Rows per request: the most that the endpoint takes.
_BATCH = 1000
# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def predict(
    source: Annotated[
        list[str] | None,
        typer.Argument(help="A row as name=value pairs, or a CSV file with a header line. Without it: standard input."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the CSV here instead of standard output.")
    ] = None,
    spreadsheet: Annotated[
        bool,
        typer.Option(help="Put an apostrophe before text that a spreadsheet would run as a formula. Numbers stay."),
    ] = False,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Predict with the champion.

    One row prints its prediction; a file or standard input is answered as CSV with a column `prediction`. The cells of
    the file come back as they were: use --spreadsheet if somebody else wrote them and you open the answer in one.

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
        raise CommandFailed("give a row as name=value pairs, or a CSV file; see: evergreen predict --help")
    lines = _open(source[0]) if source and source[0] != "-" else sys.stdin
    if output is None:
        _predict_table(endpoint, lines, sys.stdout, spreadsheet=spreadsheet)
        return
    unfinished = output.with_name(f"{output.name}.unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as stream:
        _predict_table(endpoint, lines, stream, spreadsheet=spreadsheet)
    unfinished.replace(output)


def _open(name: str) -> TextIO:
    try:
        return Path(name).open(newline="", encoding="utf-8-sig")
    except OSError as error:
        raise CommandFailed(f"{name} cannot be read: {error.strerror}") from error


def _predict_row(endpoint: Endpoint, words: dict[str, str]) -> None:
    features = endpoint.model()["contract"]["features"]
    kinds = {feature["name"]: feature["type"] for feature in features}
    # A name that the model does not know is sent too: the endpoint's answer says what is wrong with it.
    answer = endpoint.predict({"features": {name: _value(kinds.get(name), word) for name, word in words.items()}})
    for warning in answer.get("warnings", []):
        errors.print(f"warning: {warning}", style="yellow", markup=False)
    print(answer["prediction"])


def _predict_table(endpoint: Endpoint, lines: TextIO, output: TextIO, *, spreadsheet: bool) -> None:
    kinds = {feature["name"]: feature["type"] for feature in endpoint.model()["contract"]["features"]}
    reader = csv.DictReader(lines)
    header = list(reader.fieldnames or [])
    missing = [name for name in kinds if name not in header]
    if missing:
        raise CommandFailed(f"the table has no column {', '.join(map(repr, missing))}, which the model needs")
    cell = _for_spreadsheets if spreadsheet else str
    # The writer leaves a carriage return in a cell without quotation marks, where a spreadsheet sees the end of a row.
    writer = csv.writer(output, lineterminator="\n", quoting=csv.QUOTE_ALL if spreadsheet else csv.QUOTE_MINIMAL)
    writer.writerow(map(cell, [*header, "prediction"]))
    count, unusual = 0, []
    for rows in _batches(reader):
        instances = [{name: _value(kind, row[name] or "") for name, kind in kinds.items()} for row in rows]
        answer = endpoint.predict({"instances": instances})
        for row, scored in zip(rows, answer["predictions"], strict=True):
            writer.writerow(map(cell, [*(row[name] or "" for name in header), scored["prediction"]]))
            unusual += scored.get("warnings", [])[:1]
        count += len(rows)
        errors.print(f"{counted(count, 'row')} predicted", style="dim")
    if unusual:
        text = f"warning: training had no values like those of {counted(len(unusual), 'row')}; the first: {unusual[0]}"
        errors.print(text, style="yellow", markup=False, soft_wrap=True)


def _for_spreadsheets(value: Any) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _batches(reader: "csv.DictReader[str]") -> Iterator[list[dict[str, Any]]]:
    while rows := list(islice(reader, _BATCH)):
        yield rows


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
