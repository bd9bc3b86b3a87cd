"""The page of a replay: the error over time with renewal and without, and why each version serves or does not."""

import math
from dataclasses import replace
from itertools import cycle

from matplotlib.axes import Axes

from cli.replay.story import Period, Story
from evergreen.number_text import counted, percent
from evergreen.renewal.ledger import Run
from training.documents.document import (
    Block,
    Cell,
    Code,
    Document,
    Figure,
    Gallery,
    Headline,
    Letter,
    Link,
    Listing,
    Paragraph,
    Section,
    Table,
    printable,
)
from training.documents.html_page import render
from training.documents.plot_canvas import ACCENT, INK, POINT_SIZE, SECOND, SERIES, figure, in_words

# Longest name in a legend, in characters.
_LABEL = 24


def write(story: Story) -> str:
    """The page as HTML, of at least one period."""
    return render(_document(story, Section("What to look at", tuple(_files(story)))))


def pictures(story: Story) -> dict[str, str]:
    """The drawings by the names of their files, and the page as it stands without the files beside it."""
    alone = Story(first=story.first, periods=[replace(period, report="") for period in story.periods])
    drawings = {drawing.name: drawing.svg for drawing in (_errors(story), _drift(story))}
    return {**drawings, "replay.html": render(_document(alone))}


def _document(story: Story, *more: Section) -> Document:
    months = story.months
    return Document(
        kind="Replay",
        title="A model that renews itself, and the same without",
        lead="House prices of 46 Texas cities: trained on what was known at the start, then predicted month by month "
        "through the HTTPS endpoint, with the truth told a month later.",
        origin=(("First version", story.first), ("From", months[0].when), ("To", months[-1].when)),
        headlines=tuple(_headlines(story)),
        sections=(
            Section("Error over time", (Gallery((_errors(story), _drift(story))),)),
            Section("Year by year", (_years(story),)),
            Section("Versions", tuple(_versions(story))),
            Section("Messages", tuple(_messages(story))),
            *more,
        ),
    )


def _headlines(story: Story) -> list[Headline]:
    return [
        Headline(label="Mean error with renewal", value=percent(story.error), note="of what the endpoint answered"),
        Headline(label="Without", value=percent(story.without), note=f"of version {story.first}, on the same rows"),
        Headline(
            label="Renewals",
            value=str(len(story.runs)),
            note=f"{len(story.promotions)} of them promoted another version",
        ),
        Headline(
            label="Cost of the jobs",
            value=f"{sum(run.dollars for run in story.runs):.3f} $",
            note="at AWS's price of their seconds here",
        ),
    ]


def _errors(story: Story) -> Figure:
    months = story.months
    places = range(len(months))

    def fill(axes: Axes) -> None:
        axes.plot(places, [month.without for month in months], color=SECOND, label="without renewal")
        axes.plot(places, [month.error for month in months], color=ACCENT, label="with renewal")
        for place in places[1:]:
            if months[place].version != months[place - 1].version:
                axes.axvline(place, color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
        _name_years(axes, story)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("mean error of a month")
        axes.legend(loc="upper left")
        in_words(axes.yaxis, text=percent)

    return figure(
        "replay-error",
        fill,
        caption="Mean absolute error as a share of the true price. A dotted line is where another version began to "
        "serve.",
        label=f"Two lines of errors by month: {percent(story.error)} on average with renewal, "
        f"{percent(story.without)} without.",
    )


def _drift(story: Story) -> Figure:
    names = sorted({feature["name"] for period in story.periods for feature in period.check["features"]})
    most = max((period.check["share"] or 0.0 for period in story.periods), default=0.0)

    def fill(axes: Axes) -> None:
        for name, colour in zip(names, cycle(SERIES)):
            axes.plot(
                range(len(story.periods)),
                [_moved(period, name) for period in story.periods],
                color=colour,
                marker="o",
                markersize=POINT_SIZE,
                label=printable(name, at_most=_LABEL),
            )
        axes.set_xticks(range(len(story.periods)), [period.name for period in story.periods])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("how far a feature has moved")
        if names:
            axes.legend(loc="upper left")
        in_words(axes.yaxis, text=percent)

    return figure(
        "replay-drift",
        fill,
        caption="How far each feature has moved from the holdout of the version that served, by the check at the end "
        f"of each year. At most {percent(most)} of the features counted as drifted.",
        label="Lines of each feature's distance by year.",
    )


def _moved(period: Period, name: str) -> float:
    """From 0 to 1; not a number where it was not compared."""
    return next((each["distance"] for each in period.check["features"] if each["name"] == name), math.nan)


def _name_years(axes: Axes, story: Story) -> None:
    starts = [place for place, month in enumerate(story.months) if month.when.endswith("-01")]
    axes.set_xticks(starts, [story.months[place].when[:4] for place in starts])


def _years(story: Story) -> Table:
    return Table(
        caption="What the check at the end of each year found, and what came of it.",
        head=("Year", "With renewal", "Without", "What the check found", "Renewal", "Why"),
        right=(1, 2),
        rows=tuple(
            (
                Link(period.name, period.report) if period.report else period.name,
                percent(sum(month.error for month in period.months) / len(period.months)),
                percent(sum(month.without for month in period.months) / len(period.months)),
                # After the check and its time.
                period.run.reason.partition(": ")[2] if period.run else period.check["reason"],
                f"{period.run.outcome} ({period.run.dollars:.3f} $)" if period.run else "none",
                period.run.told if period.run else period.check["renewal"] or "nothing to renew for",
            )
            for period in story.periods
        ),
    )


def _versions(story: Story) -> list[Block]:
    rows: list[tuple[Cell, ...]] = []
    for period in story.periods:
        for each in period.run.challengers if period.run else ():
            rows.append(
                (Code(each["version"]), period.name, each["name"], _place(each["version"], period), each["reason"])
            )
    if not rows:
        return [Paragraph("No challenger has been fitted yet.")]
    return [
        Table(
            caption="Each challenger that was held against the champion, and why it took its place or did not.",
            head=("Version", "After", "Fitted to", "Promoted", "Why"),
            rows=tuple(rows),
        )
    ]


def _place(version: str, period: Period) -> str:
    return "yes" if period.run and period.run.promoted == version else "no"


def _messages(story: Story) -> list[Block]:
    letters = [
        Letter(subject=f"{period.name}: {message.subject}", text=message.message)
        for period in story.periods
        for message in period.messages
    ]
    return [*letters] if letters else [Paragraph("Nobody was told anything yet.")]


def _files(story: Story) -> list[Block]:
    rows = [
        (Link(f"Model card of {version}", file), _why(version, story.runs)) for version, file in story.cards.items()
    ]
    rows += [
        (Link(f"Evidently's report of {period.name}", period.report), period.check["reason"])
        for period in story.periods
        if period.report
    ]
    return [
        Table(caption="Pages beside this one.", head=("Page", "About"), rows=tuple(rows)),
        Listing(
            (
                f"{counted(len(story.months), 'month')} have been lived.",
                "MLflow has a run of each version while the cloud runs: make up.",
            )
        ),
    ]


def _why(version: str, runs: list[Run]) -> str:
    return next((run.told for run in runs if run.promoted == version), "the first champion")
