"""Looks at a table, and finds the settings with which Prepare accepts it."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from evergreen.contract.cells import MISSING
from evergreen.contract.feature import DATE
from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION
from evergreen.quoting import line
from evergreen.settings.sections import BALANCED, RANDOM, TIME, EstimatorSettings, ModelSettings, SplitSettings
from evergreen.versions.data_version import DataVersion
from training.inspection import guesses
from training.inspection.column import (
    CONSTANT,
    IDENTIFIER,
    Column,
    is_counter,
    look_at,
    names_an_identifier,
    of_type,
)
from training.inspection.file_format import written
from training.prepare import prepare
from training.preparing import findings
from training.preparing.dividing import MIN_ROWS
from training.preparing.prepared import Prepared
from training.reading import excel_file
from training.reading.columns import is_number, labels
from training.reading.number_format import NumberFormat
from training.reading.source import Source
from training.reading.table import EXCEL, format_of, header, own_files, read_version
from training.reading.unfit import UnfitColumn

# Of the rows for judging: more where a small table would have too few of them.
_HOLDOUTS, _SMALL = (0.2, 0.3, 0.4, 0.5), 1000
_NAMED = 12


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What was found.

    Attributes:
        rows: of the table.
        columns: all of the table's, in its order.
        reasons: why a key of model.toml says what it says, by the key.
        prepared: what Prepare makes of the table with these settings; None if it refuses.
        problem: why it refuses, in its words.
    """

    settings: ModelSettings
    rows: int
    columns: tuple[Column, ...]
    reasons: Mapping[str, str]
    prepared: Prepared | None
    problem: str = ""


def inspect(
    version: DataVersion, table: Path, *, path: str, target: str, time: str = "", group: str = ""
) -> Inspection:
    """
    Args:
        table: the file or folder, whose name the model gets.
        path: what [data] path says of it.
        target: the column to predict.
        time: the column that orders the rows.
        group: the column whose equal values belong together.

    Raises:
        InvalidData: the files are no table, it lacks a named column, or its target cannot be predicted.
    """
    # Captured rows are of a model that there is already: a guess is made from the table itself.
    version = replace(version, files=own_files(version, name=table.name))
    data = written([(file.name, file.path) for file in version.files], path=path, target=target)
    _require({"--target": target, "--time": time, "--group": group}, header(version.files[0].path, data), table.name)
    settings = ModelSettings(name=guesses.name(table), data=data, split=SplitSettings(type=RANDOM))
    frame, source, unread = _read(version, settings)
    columns = [look_at(column, source=source) for _, column in frame.items()]
    if other := _number_format(columns, data.delimiter):
        settings = replace(settings, data=replace(data, decimal=other.decimal, thousands=other.thousands))
        frame, source, unread = _read(version, settings)
        columns = [look_at(column, source=source) for _, column in frame.items()]
    formats = _date_formats(columns)
    source = replace(source, dates=formats)
    goal = _target(columns, target, unread)
    guesses.require_rows(goal, 2 * MIN_ROWS)
    task, why_task = guesses.task(goal)
    metric, why_metric = guesses.metric(goal, task)
    rare = guesses.rare_class(goal, task)
    others = [column for column in columns if column.name != target]
    split, why_split = guesses.split(others, frame, source, time=time, group=group)
    columns = _judged(columns, labels(goal) if task == CLASSIFICATION else goal, by=split.by, group=group)
    columns += map(of_type, unread)
    marks = dict.fromkeys(mark for column in columns for mark in column.marks)
    settings = replace(
        settings,
        task=task,
        metric=metric,
        positive=rare,
        estimator=EstimatorSettings(class_weight=BALANCED if rare else ""),
        split=split,
        columns={
            column.name: column.asked
            for column in columns
            if column.asked and not column.leave_out and column.name != target
        },
        data=replace(
            settings.data,
            leave_out=[column.name for column in columns if column.leave_out and column.name != target],
            missing=[*MISSING, *marks],
            date_formats=list(formats),
            group=group if split.type == TIME else "",
        ),
    )
    # The memory of the cells may be needed for another reading.
    columns = [replace(column, cells=None) for column in columns]
    is_as_read = not marks and not settings.columns and (task != CLASSIFICATION or not is_number(frame[target]))
    read = (frame, source) if is_as_read else None
    rows = len(frame)
    del frame, goal
    settings, prepared, problem = _prepared(version, settings, read)
    reasons = {"task": why_task, "metric": why_metric, "split": why_split, "missing": ", ".join(map(line, marks))}
    reasons["sheet"] = _sheets(version)
    return Inspection(
        settings=settings,
        rows=rows,
        columns=tuple(columns),
        reasons=reasons,
        prepared=prepared,
        problem=problem,
    )


def _sheets(version: DataVersion) -> str:
    """Which sheet is read, if a workbook has several; the first such workbook speaks for all."""
    for file in version.files:
        if format_of((file.name, file.path)) == EXCEL:
            first, *others = excel_file.sheets(file.path, name=file.name)
            if others:
                return f"the first sheet, {line(first)}, is read; there are also: {', '.join(map(line, others))}"
    return ""


def _require(named: Mapping[str, str], columns: Sequence[str], table: str) -> None:
    """
    Raises:
        InvalidData: names every option that names no column, and two that name the same one.
    """
    problems = [_problem(option, name, columns, table) for option, name in named.items() if name not in ("", *columns)]
    if not named["--target"]:
        problems.append(f"--target must name the column to predict; {table} has: {_first(columns)}")
    given = [name for name in named.values() if name]
    if len(set(given)) < len(given):
        problems.append(f"{' and '.join(option for option, name in named.items() if name)} must name different columns")
    if problems:
        raise InvalidData("\n".join(problems))


def _problem(option: str, name: str, columns: Sequence[str], table: str) -> str:
    by_small = {column.lower().strip(): column for column in reversed(columns)}
    near = [by_small[each] for each in difflib.get_close_matches(name.lower().strip(), by_small, n=3)]
    if near:
        hint = f"did you mean {' or '.join(repr(each) for each in near)}?"
    else:
        header = "These look like values: the file needs a header line, with the names of the columns"
        hint = f"it has: {_first(columns)}{f'. {header}' if _are_values(columns) else ''}"
    return f"{table} has no column {name!r}, which {option} names; {hint}"


def _first(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return f"{', '.join(map(line, columns[:_NAMED]))}{more}"


def _are_values(names: Sequence[str]) -> bool:
    """Whether most names of a header line are numbers."""
    _, known = NumberFormat().parse(pa.chunked_array([list(names)], pa.large_string()))
    return bool(known.mean() > 0.5)


def _read(version: DataVersion, settings: ModelSettings) -> tuple[pd.DataFrame, Source, list[UnfitColumn]]:
    """The table without the columns whose type no feature can have, and what was said of those."""
    unread: list[UnfitColumn] = []
    while True:
        without = [error.reason.column for error in unread]
        try:
            frame, source = read_version(version, replace(settings, data=replace(settings.data, leave_out=without)))
        except UnfitColumn as error:
            unread.append(error)
        else:
            return frame, source, unread


def _number_format(columns: Sequence[Column], delimiter: str) -> NumberFormat | None:
    """The format that texts of some columns have, if it is that of the whole table."""
    found = [column.numbers for column in columns if column.numbers]
    with_comma = [each for each in found if each.decimal == ","]
    if not with_comma:
        return found[0] if found else None
    # Where cells stand between commas, numbers with decimals are more likely to be written with a point.
    with_point = [column for column in columns if column.cells is not None and _has_decimals(column.cells)]
    if delimiter == "," and len(with_point) > len(with_comma):
        return None
    return max(with_comma, key=lambda each: each.thousands)


def _date_formats(columns: Sequence[Column]) -> tuple[str, ...]:
    """One for each column that needs one; where several read it, one that another column needs."""
    needed = {column.formats[0] for column in columns if len(column.formats) == 1}
    shared = [next((form for form in column.formats if form in needed), None) for column in columns]
    chosen = [form or column.formats[0] for form, column in zip(shared, columns, strict=True) if column.formats]
    return tuple(sorted(dict.fromkeys(chosen), key=lambda form: form not in needed))


def _has_decimals(cells: pd.Series) -> bool:
    return is_number(cells) and bool((cells.dropna() % 1 != 0).any())


def _target(columns: Sequence[Column], target: str, unread: Sequence[UnfitColumn]) -> pd.Series:
    """
    Raises:
        InvalidData: it is no number and no category.
    """
    for error in unread:
        if error.reason.column == target:
            raise InvalidData(f"the target {target!r} cannot be predicted: {error}")
    goal = next(column for column in columns if column.name == target)
    if goal.kind == DATE:
        raise InvalidData(
            f"the target {target!r} holds dates, which cannot be predicted. Turn it into a number, such as the days "
            "until then, or name another column in --target"
        )
    if goal.cells is None:
        raise InvalidData(
            f"the target {target!r} cannot be predicted: {goal.note or goal.leave_out}. Correct it, or name another "
            "column in --target"
        )
    return goal.cells


def _judged(columns: Sequence[Column], goal: pd.Series, *, by: str, group: str) -> list[Column]:
    """The columns, with a reason for those that a model should not see though Prepare would take them."""
    known = goal.notna()
    is_complete = bool(known.all())
    features = {
        column.name: column.cells if is_complete else column.cells[known]
        for column in columns
        if column.cells is not None and column.name not in (goal.name, by, group)
    }
    constants, identifiers = set(findings.constants(features)), set(findings.identifiers(features))
    copies = set(findings.copies(features, goal[known])) - constants

    def judged(column: Column) -> Column:
        if column.name == goal.name:
            return column
        if column.name == by and not features and column.cells is not None:
            return replace(column, note="it orders the rows, and there is nothing else to predict from")
        if column.name == by and column.kind == DATE:
            return replace(column, note=column.note or "it orders the rows, and the model sees its season and weekday")
        if column.name == by and by != group:
            return replace(column, leave_out="it orders the rows: new rows have values that training never saw")
        if column.name == by:
            return replace(column, leave_out="it names the groups: new rows have values that training never saw")
        if column.name in constants:
            return replace(column, kind=CONSTANT, leave_out="one value in all rows: nothing can be learned from it")
        if column.name in identifiers:
            return _identifier(column)
        if column.name in copies:
            return replace(
                column,
                leave_out=f"it alone tells {line(str(goal.name))}: it may not be known when a prediction is asked for",
            )
        return column

    return [judged(column) for column in columns]


def _identifier(column: Column) -> Column:
    """Whole numbers may be amounts, each of which occurs once by chance."""
    if column.cells is None or not is_number(column.cells):
        return replace(column, kind=IDENTIFIER, leave_out="nearly every row has another text, like an identifier")
    if is_counter(column.cells) or names_an_identifier(column.name):
        return replace(column, kind=IDENTIFIER, leave_out="nearly every row has another number, like an identifier")
    return replace(column, note="nearly every row has another number: if it is an identifier, leave it out")


def _prepared(
    version: DataVersion, settings: ModelSettings, read: tuple[pd.DataFrame, Source] | None
) -> tuple[ModelSettings, Prepared | None, str]:
    """What Prepare says; a small table may keep a larger share of its rows for judging.

    Args:
        read: the table, if these settings read it in no other way.
    """
    try:
        table, source = read or read_version(version, settings)
    except InvalidData as error:
        return settings, None, str(error)
    problems: list[str] = []
    for holdout in _HOLDOUTS if len(table) <= _SMALL else _HOLDOUTS[:1]:
        tried = replace(settings, split=replace(settings.split, holdout=holdout))
        try:
            return tried, prepare(table, tried, file=source), ""
        except InvalidData as error:
            problems.append(str(error))
    shares = ", ".join(map(str, _HOLDOUTS))
    return settings, None, problems[0] + (f" (of {shares}, none does)" if len(set(problems)) > 1 else "")
