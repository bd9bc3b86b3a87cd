"""Renders the results as Markdown, for the terminal and for docs/feature-store.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.feature_store.cold_start import ENTITY, OFF, WHOLE_ROW
from benchmarks.feature_store.feast_python import FEAST
from benchmarks.feature_store.online_read import EVERGREEN
from benchmarks.page import Lines, Results, goal, page, prose, table

# Milliseconds of processor time, by the number of keys.
_MOST_PROCESSOR_MS = {"1": 1, "100": 10}
_LEAST_WARM, _LEAST_COLD = 2, 10
_MOST_COLD_START = 1.25
_MOST_ZIP_MB = 5
_MOST_PEAK_MB, _MOST_SECOND_SHARE = 1000, 0.05
_MOST_JOIN = 1.5
_INTRODUCTION = """\
# The feature store: time and memory

What [features.md](features.md) costs, beside Feast alone: reading online, the predict function's cold start, writing
online, and the join. Everything ran on this machine: nothing of it tells how fast AWS is. Ratios compare interleaved
runs of one session and are medians of the rounds. Feast runs with Python's option `-O`, as Evergreen runs it, which
suits it: its imports take a third of the time. The command below writes this file; `make bench-features` installs Feast
first.
"""


def render(results: Results) -> str:
    sections = {
        "online_read": [_online_read],
        "cold_start": [_cold_start, _zips],
        "materialise": [_materialise],
        "join": [_join],
    }
    # Without Feast, some parts have no figures.
    measured = {name: figures for name, figures in results.items() if figures != {}}
    return page(_INTRODUCTION, measured, goals=_goals(measured), sections=sections)


def _goals(results: Results) -> Iterator[Lines]:
    if "online_read" in results:
        yield from _reading_goals(results["online_read"])
    if "cold_start" in results:
        yield from _cold_start_goals(results["cold_start"])
    if "materialise" in results:
        yield from _materialise_goals(results["materialise"]["alone"])
    if "join" in results:
        ratio = results["join"]["sides"][EVERGREEN]["times_feast"]
        yield goal("join, to Feast's", f"at most {_MOST_JOIN}x", f"{ratio:.2f}x", ratio <= _MOST_JOIN)


def _reading_goals(measured: Mapping[str, Any]) -> Iterator[Lines]:
    for keys, most in _MOST_PROCESSOR_MS.items():
        taken = measured["warm"][keys][EVERGREEN]["processor_ms"]
        what = f"online read of {_keys(keys)}, processor time"
        yield goal(what, f"under {most} ms", f"{taken:.2f} ms", taken < most)
    ratios = {f"warm read of {_keys(keys)}": (sides, _LEAST_WARM) for keys, sides in measured["warm"].items()}
    for what, (sides, least) in {**ratios, "cold read": (measured["cold"], _LEAST_COLD)}.items():
        if FEAST in sides:
            times = sides[FEAST]["times_ours"]
            yield goal(f"{what}, Feast's SDK to Evergreen", f"at least {least}x", f"{times:.1f}x", times >= least)


def _cold_start_goals(measured: Mapping[str, Any]) -> Iterator[Lines]:
    for way, starts in measured["starts"].items():
        for key, what in {"ready_ratio": "start and imports", "answered_ratio": "first answer by an entity"}.items():
            ratio = starts[ENTITY][key]
            what = f"cold start with a feature store to without, {what}, {way}"
            yield goal(what, f"at most {_MOST_COLD_START}x", f"{ratio:.2f}x", ratio <= _MOST_COLD_START)
    for name, what in {OFF: "predict zip without a feature store", ENTITY: "predict zip with one"}.items():
        size = measured["zip_bytes"][name] / 1e6
        yield goal(what, f"under {_MOST_ZIP_MB} MB", f"{size:.2f} MB", size < _MOST_ZIP_MB)


def _materialise_goals(alone: Mapping[str, Any]) -> Iterator[Lines]:
    for rows, row in alone.items():
        what, peak, share = f"writing {int(rows):,} rows online", row["first_peak_mb"], row["second_share"]
        yield goal(f"{what}, peak memory", f"under {_MOST_PEAK_MB} MB", f"{peak:.0f} MB", peak < _MOST_PEAK_MB)
        second, asked = f"{what}, a second run with nothing new", f"under {_MOST_SECOND_SHARE:.0%} of the first"
        yield goal(second, asked, f"{share:.1%}", share < _MOST_SECOND_SHARE)


def _pairs(rounds: int) -> str:
    return "one pair of runs" if rounds == 1 else f"{rounds} pairs of runs"


def _keys(keys: str) -> str:
    return "1 key" if keys == "1" else f"{keys} keys"


def _online_read(measured: Mapping[str, Any]) -> Lines:
    cold = [[name, f"{row['seconds']:.2f}", f"{row['times_ours']:.1f}x"] for name, row in measured["cold"].items()]
    warm = []
    for keys, sides in measured["warm"].items():
        for name, row in sides.items():
            figures = [f"{row['milliseconds']:.2f}", f"{row['times_ours']:.1f}x", f"{row['processor_ms']:.2f}"]
            warm.append([f"{name}, {_keys(keys)}", *figures])
    return [
        "## Reading online",
        "",
        *prose(
            f"""{measured["features"]} numbers of each entity, from one table in the embedded cloud's DynamoDB, over
            TLS. Evergreen's side is what the predict function calls, by the standard library alone; that of Feast
            {measured["feast"]} is
            `FeatureStore.get_online_features(...).to_dict()`. Both processes wait at the same time, and get their
            calls one after the other; both must return the values that were written. Milliseconds of a call, and
            of it the processor time of the caller's own process: the rest is the server's, the same for both, and
            longer than DynamoDB's."""
        ),
        *table(["warm", "ms", "to Evergreen", "processor ms"], warm),
        "",
        "Seconds from starting the interpreter until one key's values are there. Both have their bytecode, and Feast",
        "its registry in a local file:",
        "",
        *table(["cold", "s", "to Evergreen"], cold),
    ]


def _cold_start(measured: Mapping[str, Any]) -> Lines:
    rows = []
    for way, starts in measured["starts"].items():
        for name, row in starts.items():
            figures = [f"{row['ready_ms']:.0f}", f"{row['ready_ratio']:.2f}x"]
            rows.append([f"{way}: {name}", *figures, f"{row['answered_ms']:.0f}", f"{row['answered_ratio']:.2f}x"])
    return [
        "## Cold start of the predict function",
        "",
        *prose(
            f"""Milliseconds from executing the interpreter until the function asks for its first event ("ready"), and
            until its first answer is posted; both to the same without a feature store. The zip of either deployment,
            on the Lambda runtime client, as [benchmarks.md](benchmarks.md) measures it, with a model of ten features.
            With a feature store, all ten come from one view, of an entity ("{ENTITY.partition(", ")[2]}"), or are
            sent ("{WHOLE_ROW.partition(", ")[2]}"). Champion and items come from servers on 127.0.0.1 that answer at
            once. TLS is what AWS has: two connections instead of one. Rounds in random
            order: {measured["rounds"]}."""
        ),
        *table(["", "ready", "to without", "first answer", "to without"], rows),
    ]


def _zips(measured: Mapping[str, Any]) -> Lines:
    sizes = {name: size / 1e6 for name, size in measured["zip_bytes"].items()}
    return [
        f"The zip is {sizes[OFF]:.2f} MB without a feature store and {sizes[ENTITY]:.2f} MB with one, built for this",
        "machine's Python.",
    ]


def _materialise(measured: Mapping[str, Any]) -> Lines:
    rows = []
    for count, row in measured["alone"].items():
        figures = [f"{row['rows_a_second']:.0f}", f"{row['processor_ms_a_row']:.2f}", f"{row['first_peak_mb']:.0f}"]
        second = [f"{row['second_s']:.1f}", f"{row['second_share']:.1%}", f"{row['second_peak_mb']:.0f}"]
        rows.append([f"{int(count):,}", *figures, f"{row['first_s']:.0f}", *second])
    header = ["rows", "rows/s", "processor ms a row", "MB", "first, s", "second, s", "of the first", "second, MB"]
    pairs = measured["pairs"]
    sides = [
        [name, f"{row['rows_a_second']:.0f}", f"{row['times_feast']:.2f}x", f"{row['peak_mb']:.0f}"]
        for name, row in pairs["sides"].items()
    ]
    return [
        "## Writing online",
        "",
        *prose(
            """Rows of ten numbers, each of another entity, so that all are written. In DynamoDB's place stands a server
            on 127.0.0.1 that answers at once and keeps nothing: rows a second are those of Evergreen's own side,
            on one core, and no network or table slows them. The run is the program that the job starts, its start and
            its imports included; the second run finds nothing new. Memory is the peak of resident memory, in MB."""
        ),
        *table(header, rows),
        "",
        *prose(
            f"""Beside Feast's own `materialize`, {pairs["rows"]:,} rows, {_pairs(pairs["rounds"])}, without
            start and imports. They do not do the same: Feast puts 25 rows in a call, whatever is there; Evergreen puts
            each on the condition that no newer one is there, which DynamoDB takes one by one only."""
        ),
        *table(["", "rows/s", "time to Feast", "MB"], sides),
    ]


def _join(measured: Mapping[str, Any]) -> Lines:
    rows = []
    for name, row in measured["sides"].items():
        figures = [f"{row['seconds']:.1f}", f"{row['times_feast']:.2f}x", f"{row['imports_s']:.1f}"]
        rows.append([name, *figures, f"{row['peak_mb']:.0f}"])
    return [
        "## The join at training",
        "",
        *prose(
            f"""{measured["rows"]:,} rows with {measured["features"]} features of {measured["views"]} views, each with a
            history of {measured["history"]:,} events of {measured["customers"]:,} entities. Evergreen's side is the
            program that Prepare starts, with its checks of files and types, the order of the rows and the moment from
            which a value was known; Feast's is a call of `get_historical_features` with its defaults, on the same
            files. Both read and write Parquet, by Feast on DuckDB, and must give each row the same features.
            Measured by {_pairs(measured["rounds"])}, in seconds without start and imports; memory is the peak of
            resident memory, in MB."""
        ),
        *table(["", "s", "to Feast", "imports, s", "MB"], rows),
    ]
