"""Renders the results as Markdown: the same tables go to the terminal and to docs/benchmarks.md."""

from collections.abc import Iterator

from benchmarks.page import Lines, Results, goal, page, table
from benchmarks.serving import cold_start, cost, warm
from benchmarks.serving.rig import web_servers

# What is compared with `mlflow models serve`, and how many times more that should need.
_WARM_GOALS = (
    ("p50", "times_slower_p50", 15),
    ("CPU time per request", "times_more_cpu", 15),
    ("memory", "times_more_memory", 10),
    ("memory of the largest process", "times_more_memory_largest", 10),
)
_INTRODUCTION = """\
# Benchmarks: serving

Measured on the **local AWS Lambda runtime client, not AWS**: the function runs as on Lambda (its zip, the
`awslambdaric` client, a strict search path), but on this machine's cores, with a Runtime API and an S3 on 127.0.0.1.
Absolute times say little about AWS; the ratios are of interleaved runs in one session, medians of the rounds.
This file is written by the command below.
"""


def render(results: Results) -> str:
    sections = {
        "cold_start": [_cold_start],
        "warm": [_warm],
        "in_handler": [_in_handler],
        "capture": [_capture],
        "sustained": [_sustained],
        "package": [_package],
        "cost": [_cost],
        "growth": [_growth],
    }
    return page(_INTRODUCTION, results, goals=_goals(results), sections=sections)


def _goals(results: Results) -> Iterator[Lines]:
    if "cold_start" in results:
        ratio = results["cold_start"][cold_start.EVERGREEN]["ratio_to_empty"]
        yield goal("cold start against an empty handler", "at most 3x", _times(ratio), ratio <= 3)
    for name, peer in results.get("warm", {}).items():
        if not name.startswith(web_servers.MLFLOW):
            continue
        for text, figure, least in _WARM_GOALS:
            what = f"warm: {text}, {name} against Evergreen"
            yield goal(what, f"at least {least}x", _times(peer[figure]), peer[figure] >= least)
    if "capture" in results:
        added = results["capture"]["Evergreen"]["times_slower"]
        what = "capture, a warm prediction with it against one without"
        yield goal(what, "at most 1.02x", _times(added), added <= 1.02)
    if "package" in results:
        size = results["package"]["zip_bytes"] / 1e6
        yield goal("predict zip", "under 5 MB", f"{size:.1f} MB", size < 5)


def _times(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio < 2 else f"{ratio:.1f}x"


def _cold_start(measured: Results) -> Lines:
    rows = [
        [name, *(f"{row[key]:.0f}" for key in ("median_ms", "min_ms", "p90_ms")), f"{row['ratio_to_empty']:.1f}x"]
        for name, row in measured.items()
    ]
    return [
        "## Cold start to the first prediction",
        "",
        "From executing the interpreter to the answer posted to the Runtime API; milliseconds. Evergreen fetches its",
        "champion (pointer, model, contract) from S3 over HTTP and runs from its zip as it is deployed, with nothing",
        "cached: a function cannot write bytecode beside its code on AWS. The peers have their model on disk and",
        "compiled bytecode, and one OpenMP thread. onnxruntime serves the model with each city as a number: skl2onnx",
        "takes no text in native categoricals.",
        "",
        *table(["", "median", "min", "p90", "to empty"], rows),
    ]


def _warm(measured: Results) -> Lines:
    rows = []
    for name, row in measured.items():
        slower = "" if name == warm.EVERGREEN else f"{row['times_slower_p50']:.1f}x"
        figures = [f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", slower, f"{row['requests_per_cpu_second']:.0f}"]
        rows.append([name, *figures, f"{row['rss_mb']:.0f}", f"{row['rss_all_processes_mb']:.0f}"])
    return [
        "## Warm, one row per request",
        "",
        "The same model, row and answer (to the last bit). Milliseconds as the caller sees them, requests per second",
        "of CPU time (one core), and resident memory of the largest process and of all, in MB. One client, one kept",
        "connection, one worker. The servers run as they come, and once more with one OpenMP thread, which suits",
        "single rows. Evergreen's includes validation, its log lines and its metrics, which the peers do not have.",
        "`mlflow models serve` keeps a second process, its supervisor; both are what the command takes.",
        "",
        *table(["", "p50", "p99", "p50 to Evergreen", "requests/CPU s", "RSS", "RSS, all"], rows),
    ]


def _in_handler(measured: Results) -> Lines:
    rows = [[name, f"{row['median_us']:.0f}", f"{row['times_slower']:.2f}x"] for name, row in measured.items()]
    return [
        "## Inside the handler, one row",
        "",
        "Microseconds, with no runtime client and no network.",
        "",
        *table(["", "median", "to Evergreen"], rows),
    ]


def _capture(measured: Results) -> Lines:
    added = measured["Evergreen"]["times_slower"] - 1
    return [
        "## Capture",
        "",
        "Records are delivered from the log, off the function. In the function, their mark and ids that carry the time",
        f"add {added:+.1%} to the {measured['without capture']['median_us']:.0f} microseconds of a prediction without",
        "them, in pairs, inside the handler.",
    ]


def _sustained(measured: Results) -> Lines:
    row = measured
    return [
        f"## {row['requests']:,} requests to one function process",
        "",
        f"p50 {row['p50_ms']:.2f} ms, p99 {row['p99_ms']:.2f} ms, slowest {row['max_ms']:.1f} ms;"
        f" {row['requests_per_second']:.0f} requests/s, {row['requests_per_cpu_second']:.0f} per second of CPU time;"
        f" resident memory {row['rss_start_mb']:.1f} MB after the first 100, {row['rss_end_mb']:.1f} MB at the end.",
    ]


def _package(measured: Results) -> Lines:
    package = measured
    imports = package["imports"]
    rows = [[f"`{name}`" if " " not in name else name, f"{ms:.1f}"] for name, ms in imports["own"].items()]
    dearest = ", ".join(f"`{name}` {ms:.0f}" for name, ms in imports["dearest"].items())
    return [
        "## The package",
        "",
        f"The zip of the predict function has {package['zip_bytes'] / 1e6:.2f} MB.",
        "",
        "### What its import costs",
        "",
        f"{imports['total_ms']:.0f} ms beyond the runtime client, by `-X importtime`, which costs some of it. "
        "Milliseconds in each package's own modules:",
        "",
        *table(["", "ms"], rows),
        "",
        f"Dearest, with what they import: {dearest}.",
    ]


def _cost(measured: Results) -> Lines:
    row = measured
    rows = [
        ["Lambda, compute", f"{row['compute']:.2f}"],
        ["Lambda, requests", f"{row['requests']:.2f}"],
        ["CloudWatch Logs, ingestion of the record", f"{row['logs']:.2f}"],
        ["HTTP API", f"{row['http_api']:.2f}"],
    ]
    prices = (
        f"Lambda on x86 {cost.GB_SECOND:.10f} a GB-second and {cost.LAMBDA_REQUEST * 1e6:.2f} a million requests, "
        f"HTTP API {cost.HTTP_API_REQUEST * 1e6:.2f} a million, logs {cost.LOG_GB:.2f} a GB."
    )
    billed = (
        f"One row per request, 512 MB. Lambda bills whole milliseconds: {row['billed_ms_whole_core']} on a whole core, "
        f"{row['billed_ms_at_512_mb']} on the 0.29 of a core that 512 MB get."
    )
    more = (
        f"A record has {row['log_bytes']:.0f} bytes; `[log] sample` in model.toml writes fewer. "
        f"A thousand cold starts cost {row['thousand_cold_starts']:.4f} more."
    )
    return [
        "## A million predictions, in US dollars",
        "",
        f"Computed, not billed. Assumed are the public on-demand prices of US East (N. Virginia), {cost.PRICES_AS_OF}:",
        prices,
        billed,
        "",
        *table(["", "USD"], rows),
        "",
        more,
    ]


def _growth(measured: Results) -> Lines:
    growth = measured
    counts = list(next(iter(growth["rows"].values())))
    rows = [[name, *(f"{row[count]:.2f}" for count in counts)] for name, row in growth["rows"].items()]
    others = [[name, f"{milliseconds:.3f}"] for name, milliseconds in growth["models"].items()]
    return [
        "## Growth",
        "",
        "Milliseconds in the handler, by rows in one request. Evergreen is made for few rows: its time grows with",
        "them, and libraries that score many rows at once overtake it.",
        "",
        *table(["", *counts], rows),
        "",
        "Evergreen, one row, by trees (the template's data) and by features (100 trees on synthetic numbers):",
        "",
        *table(["", "ms"], others),
    ]
