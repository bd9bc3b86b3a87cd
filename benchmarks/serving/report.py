"""Renders the results as Markdown: the same tables go to the terminal and to docs/benchmarks.md."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.serving import cold_start, cost, warm
from benchmarks.serving.rig import web_servers

Results = Mapping[str, Any]

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
    machine = results["machine"]
    lines = [_INTRODUCTION, "| | |", "|---|---|"]
    lines += [f"| {name} | {'`' + value + '`' if name == 'command' else value} |" for name, value in machine.items()]
    lines += ["", *_goals(results)]
    sections: dict[str, Callable[[Results], list[str]]] = {
        "cold_start": _cold_start,
        "warm": _warm,
        "in_handler": _in_handler,
        "capture": _capture,
        "sustained": _sustained,
        "package": _package,
        "cost": _cost,
        "growth": _growth,
    }
    for name, section in sections.items():
        if name in results:
            lines += ["", *section(results)]
    if results["missing"]:
        lines += ["", "## Not measured", ""]
        lines += [f"- {name}: {' '.join(reason.split())[:300]}" for name, reason in results["missing"].items()]
    return "\n".join(lines) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = "|---|" + "---:|" * (len(header) - 1)
    return [f"| {' | '.join(header)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]


def _goals(results: Results) -> list[str]:
    rows: list[tuple[str, str, float, bool]] = []
    if "cold_start" in results:
        ratio = results["cold_start"][cold_start.EVERGREEN]["ratio_to_empty"]
        rows.append(("cold start against an empty handler", "at most 3x", ratio, ratio <= 3))
    for name, peer in results.get("warm", {}).items():
        if not name.startswith(web_servers.MLFLOW):
            continue
        for text, figure, goal in _WARM_GOALS:
            rows.append(
                (f"warm: {text}, {name} against Evergreen", f"at least {goal}x", peer[figure], peer[figure] >= goal)
            )
    if "capture" in results:
        added = results["capture"]["Evergreen"]["times_slower"]
        rows.append(("capture, a warm prediction with it against one without", "at most 1.02x", added, added <= 1.02))
    lines = [
        [text, goal, f"{ratio:.2f}x" if ratio < 2 else f"{ratio:.1f}x", "held" if held else "**missed**"]
        for text, goal, ratio, held in rows
    ]
    if "package" in results:
        size = results["package"]["zip_bytes"] / 1e6
        lines.append(["predict zip", "under 5 MB", f"{size:.1f} MB", "held" if size < 5 else "**missed**"])
    return ["## Goals", "", *_table(["", "goal", "measured", ""], lines)] if lines else []


def _cold_start(results: Results) -> list[str]:
    rows = [
        [name, *(f"{row[key]:.0f}" for key in ("median_ms", "min_ms", "p90_ms")), f"{row['ratio_to_empty']:.1f}x"]
        for name, row in results["cold_start"].items()
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
        *_table(["", "median", "min", "p90", "to empty"], rows),
    ]


def _warm(results: Results) -> list[str]:
    rows = []
    for name, row in results["warm"].items():
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
        *_table(["", "p50", "p99", "p50 to Evergreen", "requests/CPU s", "RSS", "RSS, all"], rows),
    ]


def _in_handler(results: Results) -> list[str]:
    rows = [
        [name, f"{row['median_us']:.0f}", f"{row['times_slower']:.2f}x"] for name, row in results["in_handler"].items()
    ]
    return [
        "## Inside the handler, one row",
        "",
        "Microseconds, with no runtime client and no network.",
        "",
        *_table(["", "median", "to Evergreen"], rows),
    ]


def _capture(results: Results) -> list[str]:
    measured = results["capture"]
    added = measured["Evergreen"]["times_slower"] - 1
    return [
        "## Capture",
        "",
        "Records are delivered from the log, off the function. In the function, their mark and ids that carry the time",
        f"add {added:+.1%} to the {measured['without capture']['median_us']:.0f} microseconds of a prediction without",
        "them, in pairs, inside the handler.",
    ]


def _sustained(results: Results) -> list[str]:
    row = results["sustained"]
    return [
        f"## {row['requests']:,} requests to one function process",
        "",
        f"p50 {row['p50_ms']:.2f} ms, p99 {row['p99_ms']:.2f} ms, slowest {row['max_ms']:.1f} ms;"
        f" {row['requests_per_second']:.0f} requests/s, {row['requests_per_cpu_second']:.0f} per second of CPU time;"
        f" resident memory {row['rss_start_mb']:.1f} MB after the first 100, {row['rss_end_mb']:.1f} MB at the end.",
    ]


def _package(results: Results) -> list[str]:
    package = results["package"]
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
        *_table(["", "ms"], rows),
        "",
        f"Dearest, with what they import: {dearest}.",
    ]


def _cost(results: Results) -> list[str]:
    row = results["cost"]
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
        *_table(["", "USD"], rows),
        "",
        more,
    ]


def _growth(results: Results) -> list[str]:
    growth = results["growth"]
    counts = list(next(iter(growth["rows"].values())))
    rows = [[name, *(f"{row[count]:.2f}" for count in counts)] for name, row in growth["rows"].items()]
    others = [[name, f"{milliseconds:.3f}"] for name, milliseconds in growth["models"].items()]
    return [
        "## Growth",
        "",
        "Milliseconds in the handler, by rows in one request. Evergreen is made for few rows: its time grows with",
        "them, and libraries that score many rows at once overtake it.",
        "",
        *_table(["", *counts], rows),
        "",
        "Evergreen, one row, by trees (the template's data) and by features (100 trees on synthetic numbers):",
        "",
        *_table(["", "ms"], others),
    ]
