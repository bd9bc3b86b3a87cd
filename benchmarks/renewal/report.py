"""Renders the results as Markdown, for the terminal and for docs/renewal.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.page import Results, goal, page, prose, table
from benchmarks.real_tables import TABLES, TEXAS
from benchmarks.renewal.method import METHOD
from benchmarks.renewal.streams import STREAMS
from evergreen.metrics import metric_of
from evergreen.number_text import number

EVERGREEN, REFIT = "evergreen", "evergreen, refit"
NEVER, EVERY = "never", "every period, all rows"
_SIMPLE = (NEVER, EVERY, "every period, last window", "when quality has fallen")
_VIRTUAL = "virtual drift"
_TOLERATED, _MOST_PROMOTIONS, _MOST_NEEDLESS, _OF_NEVER = 1.02, 0.4, 0.01, 0.5


def render(results: Results) -> str:
    return page(
        METHOD,
        results,
        goals=_goals(results),
        sections={
            "synthetic": [_streams],
            "still": [_still],
            "chance": [_chance],
            "tables": [_tables],
            "labels": [_labels],
        },
    )


def _goals(results: Results) -> Iterator[list[str]]:
    if "synthetic" in results:
        yield from _goals_of_streams(results["synthetic"])
    if "still" in results:
        still = results["still"]
        share = still["needless"] / still["periods"]
        yield goal(
            f"no change, {still['periods']:,} periods: needless promotions",
            f"at most {_MOST_NEEDLESS:.0%} of the periods",
            f"{share:.1%} ({still['promotions']} promotions)",
            share <= _MOST_NEEDLESS,
        )
    if TEXAS in results.get("tables", {}):
        policies = results["tables"][TEXAS]["policies"]
        ratio = policies[EVERGREEN]["error"] / policies[NEVER]["error"]
        yield goal(
            "Texas 2007 to 2015: error beside that of never training again",
            f"at most {_OF_NEVER:.0%}",
            f"{ratio:.0%}",
            ratio <= _OF_NEVER,
        )


def _goals_of_streams(found: Results) -> Iterator[list[str]]:
    ratios = {name: _beside_best(policies, EVERGREEN) for name, policies in found["streams"].items()}
    worst = max(ratios, key=lambda name: ratios[name])
    yield goal(
        "error beside that of the best simple policy, on every stream",
        f"at most {_TOLERATED - 1:.0%} more",
        f"{ratios[worst] - 1:+.1%} ({worst}); held on {sum(each <= _TOLERATED for each in ratios.values())} of "
        f"{len(ratios)}",
        ratios[worst] <= _TOLERATED,
    )
    shares = {
        name: policies[EVERGREEN]["promotions"] / policies[EVERY]["promotions"]
        for name, policies in found["streams"].items()
    }
    most = max(shares, key=lambda name: shares[name])
    yield goal(
        "promotions beside those of every period, on every stream",
        f"at most {_MOST_PROMOTIONS:.0%}",
        f"{shares[most]:.0%} ({most})",
        shares[most] <= _MOST_PROMOTIONS,
    )
    if _VIRTUAL in found["streams"]:
        course = found["streams"][_VIRTUAL][EVERGREEN]
        yield goal(
            "only the inputs move: promotions that raise the error",
            "none",
            f"{course['needless']:.1f} of {course['promotions']:.1f} a stream",
            course["needless"] == 0,
        )


def _beside_best(policies: Mapping[str, Any], name: str) -> float:
    """The error of a policy, divided by that of the best simple one."""
    best = min(policies[each]["error"] for each in _SIMPLE)
    return float(policies[name]["error"] / best)


def _streams(found: Results) -> list[str]:
    names = [*_SIMPLE, EVERGREEN, REFIT]
    errors, promotions = [], []
    for stream, policies in found["streams"].items():
        errors.append(
            [
                stream,
                *(f"{policies[name]['error']:.2%}" for name in names),
                f"{_beside_best(policies, EVERGREEN) - 1:+.1%}",
            ]
        )
        course = policies[EVERGREEN]
        gates = ", ".join(f"{gate} {count / found['seeds']:.1f}" for gate, count in sorted(course["gates"].items()))
        promotions.append(
            [stream, *(f"{policies[name]['promotions']:.1f}" for name in names), f"{course['needless']:.1f}", gates]
        )
    return [
        "## Streams whose truth is known",
        "",
        *prose(
            f"Each stream has {found['periods']} periods of {found['rows']:,} rows after {found['known']} that are "
            f"known at the start, and is lived through {found['seeds']} times. The learner is scikit-learn's histogram "
            "gradient boosting with 40 trees. The table shows the mean error (1 minus accuracy), and Evergreen's "
            "beside that of the best simple policy."
        ),
        *(f"- {name}: {STREAMS[name].about}." for name in found["streams"]),
        "",
        *table(["error", *names, "beside the best"], errors),
        "",
        *prose(
            "The promotions of a stream: how often another model began to serve; how many of Evergreen's did not lower "
            "the true error, measured on 20,000 fresh rows of the next period; and the gates that let them through."
        ),
        *table(["promotions", *names, "needless", "gates"], promotions),
    ]


def _still(still: Results) -> list[str]:
    gates = ", ".join(f"{gate} {count}" for gate, count in sorted(still["gates"].items()))
    gained = ", ".join(f"{100 * gain:+.2f}" for gain in still["gains"])
    return [
        "## A long stream without change",
        "",
        *prose(
            f"{still['periods']:,} periods of {still['rows']:,} rows of one concept of SEA: {still['promotions']} "
            f"promotions ({gates or 'none'}), of which {still['needless']} did not lower the true error. What each "
            f"gained, in points of accuracy: {gained or 'nothing'}."
        ),
    ]


def _chance(chance: Results) -> list[str]:
    periods = chance["periods"]
    gates = ", ".join(f"{gate} {count / periods:.2%}" for gate, count in sorted(chance["gates"].items()))
    return [
        "## Where no challenger is ever better, or worse",
        "",
        *prose(
            f"The rule alone, for {periods:,} periods in which all scores are pure chance: three windows and up to "
            "three earlier champions that are exactly as good as the champion. No table is like that, and no promotion "
            "does harm there; it is the worst that chance can do. "
            f"Promotions: {sum(chance['gates'].values()) / periods:.1%} of the periods ({gates or 'none'})."
        ),
    ]


def _tables(tables: Results) -> list[str]:
    names = [*_SIMPLE, EVERGREEN]
    rows = []
    for name, found in tables.items():
        text = metric_of(found["metric"]).text
        rows += [
            [
                f"{name}, {found['metric']}",
                *(text(found["policies"][each]["error"]) for each in names),
                f"{_beside_best(found['policies'], EVERGREEN) - 1:+.1%}",
            ],
            [f"{name}, promotions", *(number(found["policies"][each]["promotions"]) for each in names), ""],
        ]
    return [
        "## Real tables in time order",
        "",
        *prose(
            "The same on tables that somebody measured: Texas by month, with 2000 to 2006 known at the start and "
            "labels that come a month later; the others by week, with a sixth of the weeks known at the start. The "
            "error of a policy is the mean over the periods of the metric."
        ),
        *(f"- {name}: {TABLES[name].about}; {found['periods']} periods." for name, found in tables.items()),
        "",
        *table(["", *names, "beside the best"], rows),
    ]


def _labels(found: Results) -> list[str]:
    looked_at = [
        (f"{name}, {size} rows", each) for name, sizes in found["streams"].items() for size, each in sizes.items()
    ]
    rows = [
        [
            name,
            number(each["periods"]),
            f"{each['most lost, sound']:.0%}",
            f"{each['lost, mixed up']:.0%}",
            f"{each['sound']:.0%}",
            f"{each['mixed up']:.0%}",
        ]
        for name, each in (*looked_at, *((f"{name}, 500 rows", each) for name, each in found["tables"].items()))
    ]
    return [
        "## Labels that were mixed up",
        "",
        *prose(
            "Before anything is trained, models of the period's own rows are held against models of as many rows "
            "before that are like them: how well they predict rows that they were not fitted to. If the features tell "
            "so much less of the new labels (`[renewal] most_lost`), the renewal is refused. The table shows it for "
            "periods as they are, and with a third of the labels dealt anew among their rows. Where almost all rows "
            "have the same label, or a world moves within the period, there is little to lose, and it is not seen."
        ),
        *table(
            ["", "periods", "most lost", "lost, a third mixed up", "refused", "refused, a third mixed up"],
            rows,
        ),
    ]
