"""The page of a table that a person looks at first: what each column was taken for, how it looks, and what is wrong."""

import pandas as pd
from matplotlib.axes import Axes

from evergreen.contract.feature import CATEGORY
from evergreen.metrics import CLASSIFICATION
from evergreen.number_text import counted, number, percent, share
from training.documents.document import (
    Block,
    Document,
    Facts,
    Figure,
    Gallery,
    Headline,
    Listing,
    Paragraph,
    Section,
    Table,
    printable,
    shortened,
)
from training.documents.html_page import render
from training.documents.plot_canvas import ACCENT, figure, in_words
from training.documents.profile import category_counts
from training.inspection.column import CODE, TRUE_OR_FALSE, Column
from training.inspection.distribution import share_of
from training.inspection.inspection import Inspection

# Rows of the table of columns, bars of a plot of classes, and bins of a plot of numbers.
_COLUMNS, _CLASSES, _BINS = 500, 12, 40


def write(inspection: Inspection, *, version: str, settings_file: str) -> str:
    """The page as HTML.

    Args:
        version: of the data.
        settings_file: the name of the model.toml that was written.
    """
    return render(_Page(inspection, version, settings_file).document())


class _Page:
    def __init__(self, inspection: Inspection, version: str, settings_file: str) -> None:
        self._found = inspection
        self._settings = inspection.settings
        self._version = version
        self._file = settings_file
        self._target = next(each for each in inspection.columns if each.name == self._settings.data.target)

    def document(self) -> Document:
        return Document(
            kind="Table",
            title=self._settings.data.path,
            lead=f"What evergreen init found in it. Each guess is a line of {self._file} that can be changed.",
            origin=(("Version", self._version),),
            headlines=tuple(self._headlines()),
            sections=(self._wrong(), self._goal(), self._columns(), self._next()),
        )

    def _headlines(self) -> list[Headline]:
        prepared = self._found.prepared
        left_out = sum(bool(column.leave_out) for column in self._others())
        rows = "of the table"
        if prepared:
            rows = f"{number(len(prepared.train))} to train on, {number(len(prepared.holdout))} kept for judging"
        return [
            Headline(label="Rows", value=number(self._found.rows), note=rows),
            Headline(
                label="Features",
                value=number(len(self._others()) - left_out),
                note=f"{counted(left_out, 'column')} left out" if left_out else "no column left out",
            ),
            Headline(label="Target", value=printable(self._target.name, at_most=20), note=self._settings.task),
            Headline(label="To look at", value=number(len(self._warnings())), note="named below"),
        ]

    def _others(self) -> list[Column]:
        return [column for column in self._found.columns if column is not self._target]

    def _warnings(self) -> list[str]:
        found = self._found
        refused = [f"Prepare refuses the table: {found.problem}"] if found.problem else []
        notes = [f"{printable(column.name)}: {column.note}" for column in found.columns if column.note]
        return [*refused, *notes, *(found.prepared.findings if found.prepared else ())]

    def _wrong(self) -> Section:
        warnings = self._warnings()
        blocks: list[Block] = [Listing(tuple(warnings))] if warnings else [Paragraph("Nothing that was looked for.")]
        if self._found.prepared and self._found.prepared.lost:
            blocks.append(Paragraph(f"Dropped: {self._found.prepared.lost}."))
        return Section("What to look at", tuple(blocks))

    def _goal(self) -> Section:
        split, reasons = self._settings.split, self._found.reasons
        by = f" by {split.by}" if split.by else ""
        facts = Facts(
            (
                ("Task", f"{self._settings.task}: {reasons['task']}"),
                ("Metric", f"{self._settings.metric}: {reasons['metric']}"),
                ("Split", f"{split.type}{by}, {percent(split.holdout)} kept for judging: {reasons['split']}"),
                ("Without a target", share(self._target.missing, self._found.rows)),
            )
        )
        drawn: tuple[Block, ...] = (Gallery((self._drawing(),)),) if self._found.prepared else ()
        return Section("Target and task", (facts, *drawn))

    def _drawing(self) -> Figure:
        prepared, name = self._found.prepared, self._target.name
        assert prepared is not None
        values = pd.concat([prepared.train[name], prepared.holdout[name]])
        shown = printable(name, at_most=40)
        if self._settings.task == CLASSIFICATION:
            counts = category_counts(values)[:_CLASSES]
            return figure(
                "target",
                lambda axes: _classes(axes, counts),
                caption=f"Rows by {shown}, the target."
                + shortened(f"{_CLASSES} commonest", values.nunique(), _CLASSES),
                label=f"Bar chart of the classes of {shown}",
                height=0.26 * len(counts) + 0.7,
            )
        return figure(
            "target",
            lambda axes: _numbers(axes, values, shown),
            caption=f"Rows by {shown}, the target, "
            f"from {number(float(values.min()))} to {number(float(values.max()))}.",
            label=f"Histogram of {shown}",
            height=1.9,
        )

    def _columns(self) -> Section:
        columns = [self._target, *self._others()]
        table = Table(
            caption=f"The target first. Distribution and values are those of {share_of(self._found.rows)}."
            + shortened(f"first {_COLUMNS}", len(columns), _COLUMNS),
            head=("Column", "Taken for", "Distribution", "Values", "Missing", "Why, and what else"),
            right=(4,),
            rows=tuple(
                (
                    column.name,
                    f"{column.kind}, {self._use(column)}",
                    column.distribution.histogram if column.distribution else "",
                    _values(column),
                    share(column.missing, self._found.rows),
                    ". ".join(filter(None, (column.leave_out, column.note))),
                )
                for column in columns[:_COLUMNS]
            ),
        )
        return Section("Columns", (table,))

    def _use(self, column: Column) -> str:
        if column is self._target:
            return "target"
        return "left out" if column.leave_out else "feature"

    def _next(self) -> Section:
        return Section(
            "What to do with it",
            (
                Paragraph(
                    f"Read {self._file} beside this page. Take a line out of leave_out to have the model see that "
                    "column; add one for each column that is not known when a prediction is asked for."
                ),
                Paragraph(
                    'A column that was taken for the wrong thing: [columns] name = "category", "number" or "date".'
                ),
            ),
        )


def _values(column: Column) -> str:
    """Range or commonest values, and, where those say too little, the first ones of the table."""
    if not column.distribution:
        return ""
    if column.kind in (CATEGORY, CODE, TRUE_OR_FALSE) or not column.values:
        return column.distribution.values
    return f"{column.distribution.values}; the first: {', '.join(column.values)}"


def _classes(axes: Axes, counts: pd.Series) -> None:
    places = range(len(counts), 0, -1)
    axes.barh(list(places), counts.to_numpy(), color=ACCENT, height=0.62)
    axes.set_yticks(list(places), [printable(str(name), at_most=24) for name in counts.index])
    axes.grid(False, axis="y")
    axes.locator_params(axis="x", nbins=6)
    in_words(axes.xaxis)
    axes.set_xlabel("rows")


def _numbers(axes: Axes, values: pd.Series, name: str) -> None:
    axes.hist(values, bins=min(_BINS, values.nunique()), color=ACCENT, rwidth=0.9)
    axes.locator_params(axis="x", nbins=6)
    in_words(axes.xaxis, axes.yaxis)
    axes.set_xlabel(name)
    axes.set_ylabel("rows")
