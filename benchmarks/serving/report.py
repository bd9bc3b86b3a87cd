"""Renders the results as Markdown, for the terminal and for docs/benchmarks.md."""

from collections.abc import Iterator

from benchmarks.page import Lines, Results, goal, page, table
from benchmarks.serving import cold_start, cost, warm
from benchmarks.serving.rig import web_servers

# Figures compared with `mlflow models serve`, and how many times more it should need at least.
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
Absolute times say little about AWS. Ratios compare interleaved runs of one session and are medians of the rounds.
The command below writes this file.
"""


def render(results: Results) -> str:
    sections = {
        "cold_start": [_cold_start],
        "protocols": [_protocols],
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
        ratio = results["cold_start"][cold_start.EVERGREEN]["ratio"]
        yield goal("cold start against an empty handler", "at most 3x", _times(ratio), ratio <= 3)
    if "protocols" in results:
        ratio = results["protocols"][cold_start.PROTOCOLS]["ratio"]
        yield goal("cold start with other protocols against without", "at most 1.02x", _times(ratio), ratio <= 1.02)
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
    return [
        "## Cold start to the first prediction",
        "",
        "Milliseconds from executing the interpreter until the answer is posted to the Runtime API. Evergreen fetches",
        "its champion (pointer, model, contract) from S3 over HTTP and runs from its zip as deployed, without cached",
        "bytecode: on AWS a function cannot write bytecode beside its code. The peers have their model on disk,",
        "compiled bytecode and one OpenMP thread. onnxruntime serves a model with each city encoded as a number,",
        "because skl2onnx does not convert native categoricals of text.",
        "",
        *_starts(measured, "to empty"),
    ]


def _protocols(measured: Results) -> Lines:
    return [
        "### With other protocols",
        "",
        "The same start and the same `POST /predict`, with and without `[endpoint] protocols` naming all three.",
        "",
        *_starts(measured, "to without"),
    ]


def _starts(measured: Results, compared: str) -> Lines:
    rows = [
        [name, *(f"{row[key]:.0f}" for key in ("median_ms", "min_ms", "p90_ms")), _times(row["ratio"])]
        for name, row in measured.items()
    ]
    return table(["", "median", "min", "p90", compared], rows)


def _warm(measured: Results) -> Lines:
    rows = []
    for name, row in measured.items():
        slower = "" if name == warm.EVERGREEN else f"{row['times_slower_p50']:.1f}x"
        figures = [f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", slower, f"{row['requests_per_cpu_second']:.0f}"]
        rows.append([name, *figures, f"{row['rss_mb']:.0f}", f"{row['rss_all_processes_mb']:.0f}"])
    return [
        "## Warm, one row per request",
        "",
        "The same model, row and answer (to the last bit). The table shows milliseconds as the caller sees them,",
        "requests per second of CPU time (one core), and the resident memory (RSS) of the largest process and of all",
        "processes, in MB. One client, one persistent connection, one worker. The servers run with their defaults,",
        "and again with one OpenMP thread, which suits single rows. Evergreen's figures include validation, log lines",
        "and metrics, which the peers do not have. `mlflow models serve` also runs a supervisor process; the memory of",
        "all processes includes it.",
        "",
        *table(["", "p50", "p99", "p50 to Evergreen", "requests/CPU s", "RSS", "RSS, all"], rows),
    ]


def _in_handler(measured: Results) -> Lines:
    rows = [[name, f"{row['median_us']:.0f}", f"{row['times_slower']:.2f}x"] for name, row in measured.items()]
    return [
        "## Inside the handler, one row",
        "",
        "Microseconds, without runtime client and network.",
        "",
        *table(["", "median", "to Evergreen"], rows),
    ]


def _capture(measured: Results) -> Lines:
    added = measured["Evergreen"]["times_slower"] - 1
    return [
        "## Capture",
        "",
        "Log subscriptions deliver the records, outside the function. Inside the handler, marking the records and ids",
        f"that carry the time change the {measured['without capture']['median_us']:.0f} microseconds of a prediction",
        f"by {added:+.1%}. This is the median over pairs of runs.",
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
        f"The zip of the predict function is {package['zip_bytes'] / 1e6:.2f} MB.",
        "",
        "### Time to import it",
        "",
        f"{imports['total_ms']:.0f} ms in addition to the runtime client, by `-X importtime`, which adds some itself. "
        "Milliseconds in each package's own modules:",
        "",
        *table(["", "ms"], rows),
        "",
        f"The slowest imports in milliseconds, including what they import: {dearest}.",
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
        f"A record has {row['log_bytes']:.0f} bytes; `[log] sample` in model.toml reduces their number. "
        f"A thousand cold starts cost {row['thousand_cold_starts']:.4f} more."
    )
    return [
        "## A million predictions, in US dollars",
        "",
        f"Computed, not billed, with the public on-demand prices of US East (N. Virginia), {cost.PRICES_AS_OF}:",
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
        "their number, and with many rows it is slower than libraries that score all rows at once.",
        "",
        *table(["", *counts], rows),
        "",
        "Evergreen's milliseconds for one row, by trees (the template's data) and by features (100 trees, synthetic",
        "numbers):",
        "",
        *table(["", "ms"], others),
    ]
