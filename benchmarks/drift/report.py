"""Renders the results as Markdown, for the terminal and for docs/drift.md."""

from collections.abc import Iterator

from benchmarks.drift.method import METHOD
from benchmarks.drift.power import (
    ALARM,
    ALARM_AT_HALF,
    EVERGREEN,
    EVIDENTLY,
    NAMES_ANY,
    REFERENCE,
    SCENARIOS,
    SMALL_REFERENCE,
)
from benchmarks.drift.streams import PAST_WINDOWS, SCENARIO_ROWS
from benchmarks.drift.tables import CHECKED
from benchmarks.page import Results, goal, page, prose, table
from benchmarks.real_tables import TABLES
from evergreen.number_text import number
from evergreen.settings.sections import DriftSettings

_RULE = DriftSettings()
_TOLERATED = 0.01
_MOST_SECONDS, _MOST_MB = 30, 1000
_LARGEST = 1_000_000


def render(results: Results) -> str:
    return page(
        METHOD,
        results,
        goals=_goals(results),
        sections={
            "power": [_power],
            "streams": [_streams],
            "tables": [_tables],
            "volume": [_volume],
            "start": [_start],
        },
    )


def _goals(results: Results) -> Iterator[list[str]]:
    if "power" in results:
        judged = {int(rows): row for rows, row in results["power"][str(REFERENCE)].items()}
        judged = {rows: row for rows, row in judged.items() if rows >= _RULE.minimum_rows}
        worst = max(row[EVERGREEN]["still"][ALARM] for row in judged.values())
        yield goal("false alarms, at every window size", "at most 1% of checks", f"{worst:.1%}", worst <= _TOLERATED)
        replays = sum(row["replays"] for row in judged.values())
        named = sum(row["replays"] * row[EVERGREEN]["still"][NAMES_ANY] for row in judged.values()) / replays
        text = f"{named:.1%} of {replays:,}"
        yield goal("checks without drift that name any feature", "at most 1%", text, named <= _TOLERATED)
    if "streams" in results:
        yield from _goals_of_streams(results["streams"])
    if "tables" in results:
        yield from _goals_of_tables(results["tables"])
    for each, run in results.get("volume", {}).get(str(_LARGEST), {}).get("checks", {}).items():
        what = f"a million rows of 13 columns, {_records(each)}"
        seconds, peak = run["seconds"], run["peak_mb"]
        yield goal(f"{what}: time", f"under {_MOST_SECONDS} s", f"{seconds:.1f} s", seconds < _MOST_SECONDS)
        yield goal(f"{what}: memory", f"under {_MOST_MB / 1000:.0f} GB", f"{peak / 1000:.2f} GB", peak < _MOST_MB)


def _goals_of_streams(streams: Results) -> Iterator[list[str]]:
    cells = [
        (count["alarms"] / count["checks"] * _RULE.checks_per_year, stream, window, count["checks"])
        for stream, found in streams.items()
        for window, count in found["still"].items()
    ]
    rate, stream, window, checks = max(cells)
    yield goal(
        "no change, on every stream and size: alarms a year",
        f"at most {number(_RULE.false_alarms_per_year)}",
        f"{rate:.2f} ({stream}, {int(window):,} rows, {checks / _RULE.checks_per_year:.0f} years)",
        rate <= _RULE.false_alarms_per_year,
    )
    for stream, scenario, least in (
        ("independent", "first, 0.5 sd", 0.95),
        ("autoregressive 0.9", "first, 1 sd", 0.8),
    ):
        count = streams[stream]["moved"][scenario]
        share = count["alarms"] / count["checks"]
        what = f"the most important feature moves ({scenario.split(', ')[1]}), {SCENARIO_ROWS:,} rows, {stream}"
        yield goal(f"{what}: alarm", f"at least {least:.0%}", f"{share:.0%} of {count['checks']}", share >= least)
    unused = [found["moved"]["unused, 1 sd"] for found in streams.values()]
    share = max(count["alarms"] / count["checks"] for count in unused)
    yield goal("a feature that the model does not use moves: alarm", "at most 1%", f"{share:.0%}", share <= _TOLERATED)
    broken = [found["moved"]["unused broken"] for found in streams.values()]
    share = min(count["alarms"] / count["checks"] for count in broken)
    yield goal("one of four features broken: alarm at the first check", "always", f"{share:.0%}", share == 1)


def _goals_of_tables(tables: Results) -> Iterator[list[str]]:
    for what, windows, alarms in (
        ("on the past of real tables, window by window: alarms", "past", "past_alarms"),
        ("on the rows after it, where the model's error has not risen: alarms", "", "alarms_not_risen"),
    ):
        count = sum(row[windows] if windows else row["later"] - row["risen"] for row in tables.values())
        found = sum(row[alarms] for row in tables.values())
        yield goal(what, "at most 1 in 100", f"{found} in {count}", found <= count / 100)


def _streams(streams: Results) -> list[str]:
    windows = list(next(iter(streams.values()))["still"])
    scenarios = list(next(iter(streams.values()))["moved"])
    years = {
        window: next(iter(streams.values()))["still"][window]["checks"] / _RULE.checks_per_year for window in windows
    }
    rows = []
    for stream, found in streams.items():
        still = [
            f"{count['alarms'] / count['checks'] * _RULE.checks_per_year:.2f}" for count in found["still"].values()
        ]
        moved = [f"{found['moved'][name]['alarms'] / found['moved'][name]['checks']:.0%}" for name in scenarios]
        rows.append([stream, *still, *moved])
    header = ["stream", *(f"{int(window):,} rows, alarms a year" for window in windows), *scenarios]
    simulated = ", ".join(f"{years[window]:.0f} years of windows of {int(window):,} rows" for window in windows)
    return [
        "## Rows that depend on each other",
        "",
        *prose(
            f"""Streams of four features, of which the model uses three, and a prediction made of these. Training knows
            a past of {PAST_WINDOWS} windows and a holdout of a quarter as many rows. The first columns show alarms a
            year of daily checks in which nothing moves, of the whole rule: {simulated} for each stream. The others
            show the share of {next(iter(streams.values()))["moved"][scenarios[0]]["checks"]} checks of
            {SCENARIO_ROWS:,} rows that alarm: the most important feature moves by 0.5 or 1 standard deviation (sd), a
            feature moves that the model does not use, or is -999 in all rows."""
        ),
        *prose(
            """Autoregressive: first-order series with the coefficient that is named. Sessions of 20: runs of 20 rows
            share half of their variance. Weekly: two days of seven, of 200 rows each, lie 1 sd higher."""
        ),
        *table(header, rows),
    ]


def _tables(tables: Results) -> list[str]:
    rows = [
        [
            name,
            f"{row['rows']:,}",
            f"{row['window']:,}",
            f"{row['past_alarms']} in {row['past']}",
            f"{row['alarms_not_risen']} in {row['later'] - row['risen']}",
            f"{row['alarms_risen']} in {row['risen']}",
        ]
        for name, row in tables.items()
    ]
    return [
        "## Real tables",
        "",
        *prose(
            """Tables in time order, cut at five moments. What lies before a cut is trained on, the last fifth of it
            being the holdout; Train checks the windows of that past. Then the rows up to the next cut are checked.
            Where the model's error on a window has risen beyond chance, an alarm is not false. The error may also have
            risen within chance: a window has few rows."""
        ),
        *(f"- {name}: {TABLES[name].about}{CHECKED.get(name, '')}." for name in tables),
        "",
        *table(["table", "rows", "window", "alarms in the past", "alarms later, error not risen", "error risen"], rows),
    ]


def _power(power: Results) -> list[str]:
    usual, small = power[str(REFERENCE)], power[str(SMALL_REFERENCE)]
    found = [
        [f"{int(rows):,}", f"{row['replays_moved']}", *_found(row)]
        for rows, row in usual.items()
        if row["replays_moved"]
    ]
    return [
        "## False alarms",
        "",
        *prose(
            f"""For each check, both samples are drawn anew from the same distribution, so there is no drift. It has ten
            features with a correlation of 0.3: seven numbers, one of them skewed, one heavy-tailed and one whole, and
            three categories of 2, 5 and 20 levels. The reference has {REFERENCE:,} rows. The table shows shares of
            the checks. 0 of n checks means that the true share is below 3/n with 95% confidence."""
        ),
        *prose(
            f"""Evidently runs with its default methods: its metric `DriftedColumnsCount` over all columns, and in the
            section below over the moved column alone. By default it alarms if at least half of the columns have
            drifted; the next column shows its alarm above {_RULE.share:g}, the share that Evergreen uses."""
        ),
        *_false_alarms(usual),
        "",
        *prose(
            f"""The same with a reference of {SMALL_REFERENCE:,} rows. Up to this size Evidently's defaults are tests
            instead of distances."""
        ),
        *_false_alarms(small),
        "",
        "## What is found",
        "",
        *prose(
            f"""Shares of the checks that name the moved column: Evergreen / Evidently. The first three columns shift
            one normal feature, by the standard deviations (sd) stated. Then a fifth of a skewed number's values go
            missing, and a new category takes a tenth of the rows. In the last column all ten features move by
            0.25 sd, and the shares are of the checks that alarm: Evergreen / Evidently from 0.5 / Evidently above
            {_RULE.share:g}. Evergreen is shown without its minimum of {_RULE.minimum_rows} rows; with fewer rows a
            check reports insufficient data."""
        ),
        *table(["rows in the window", "checks", *SCENARIOS, "all ten, alarm"], found),
        "",
        *prose(
            """A shift of 0.1 sd moves 4% of the rows, less than the smallest shift that counts, so Evergreen names it
            only if chance adds to it. Evidently's threshold is 0.1 sd itself. Evidently leaves missing values out. In
            windows of up to 500 rows it also names columns that have not moved, as the first table shows, so its
            findings there say little."""
        )[:-1],
    ]


def _false_alarms(by_window: Results) -> list[str]:
    rows = []
    for window, row in by_window.items():
        evergreen, evidently = (row[name]["still"] for name in (EVERGREEN, EVIDENTLY))
        own = [f"{evergreen[key]:.1%}" for key in (ALARM, NAMES_ANY)]
        peer = [f"{evidently[key]:.1%}" for key in (ALARM_AT_HALF, ALARM, NAMES_ANY)]
        start = [f"{int(window):,}", f"{row['replays']}"]
        if int(window) < _RULE.minimum_rows:
            rows.append([*start, "insufficient data", "", *peer])
            start, peer = [f"{int(window):,}, without the minimum", start[1]], ["", "", ""]
        rows.append([*start, *own, *peer])
    header = ["rows in the window", "checks", "Evergreen alarms", "names any"]
    return table([*header, "Evidently alarms", f"above {_RULE.share:g}", "names any"], rows)


def _found(row: Results) -> Iterator[str]:
    evergreen, evidently = (row[name]["moved"] for name in (EVERGREEN, EVIDENTLY))
    for scenario in SCENARIOS:
        yield f"{evergreen[scenario]:.0%} / {evidently[scenario]:.0%}"
    yield f"{evergreen[ALARM]:.0%} / {evidently[ALARM_AT_HALF]:.0%} / {evidently[ALARM]:.0%}"


def _records(rows_per_record: str) -> str:
    return "a row per record" if rows_per_record == "1" else f"{rows_per_record} rows per record"


def _volume(volume: Results) -> list[str]:
    checks, peers = [], []
    for rows, row in volume.items():
        for each, run in row["checks"].items():
            parts = [f"{run[key]:.1f}" for key in ("reading_s", "comparing_s", "report_s", "seconds")]
            size = f"{row['objects'][each]['mb']:.0f}"
            checks.append([f"{int(rows):,}, {_records(each)}", size, *parts, f"{run['peak_mb']:.0f}"])
        preset, own = row["preset"], row["checks"]["1"]
        seconds = [f"{own['comparing_s'] + own['report_s']:.1f}", f"{preset['seconds']:.1f}"]
        memory = [f"{own['peak_mb']:.0f}", f"{preset['peak_mb']:.0f}"]
        peers.append([f"{int(rows):,}", *seconds, f"{row['preset_times_slower']:.1f}x", *memory])
    last = list(volume.values())[-1]["checks"]["1"]
    return [
        "## A large window",
        "",
        *prose(
            f"""A day of captures of 13 features (10 numbers, 3 categories) as the predict function logs them and
            Firehose stores them: gzipped JSON lines, in objects of 16 MiB before compression. The check reads them
            from disk instead of S3 and compares them with a holdout of 5,000 rows, and Evidently draws the report.
            Each check is a separate process. The table shows the size of the objects in MB, times in seconds, and
            the peak of resident memory in MB; the imports alone take {last["start_mb"]:.0f} MB of it."""
        ),
        *table(["rows", "objects", "reading", "comparing", "report", "all", "peak"], checks),
        "",
        *prose(
            """Evidently's `DataDriftPreset` on the same rows, from a frame in memory to its HTML, beside Evergreen's
            comparing and report. Evidently's memory covers the frame and the report; Evergreen's also covers the
            reading."""
        ),
        *table(["rows", "Evergreen, s", "preset, s", "", "Evergreen, MB", "preset, MB"], peers),
    ]


def _start(start: Results) -> list[str]:
    rows = [
        ["the zip, MB", f"{start['zip_mb']:.0f}"],
        ["unpacked, MB", f"{start['unpacked_mb']:.0f}"],
        ["unpacking, s", f"{start['unpack_s']:.1f}"],
        ["importing the check, s", f"{start['import_s']:.1f}"],
        ["importing it without the packed bytecode, s", f"{start['import_without_bytecode_s']:.1f}"],
    ]
    return [
        "## The first check of a process",
        "",
        *prose(
            f"""The packages are a zip of {start["files"]:,} files in S3. The first check of a process unpacks them to
            /tmp. Measured in a fresh process whose search path holds only these packages, the checkout and the
            standard library, and without the download."""
        ),
        *table(["", ""], rows),
    ]
