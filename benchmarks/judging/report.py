"""Renders docs/judging.md: what Judge does, and the tables of benchmarks.judging."""

from collections.abc import Iterator
from statistics import mean
from textwrap import wrap

from scipy.stats import binom

from benchmarks.judging.rates import STATED_MARGIN
from benchmarks.page import Results, goal, page, table
from evergreen.judging.improvement import MINIMUM_DIFFERING, MINIMUM_INDEPENDENT
from evergreen.number_text import number, percent
from evergreen.settings.sections import PromotionSettings

_SURE, _DOUBT = percent(PromotionSettings().confidence), number(1 - PromotionSettings().confidence)
# The goals: the share of equal models promoted, the share of better ones at this margin and this many rows, the time.
_MOST_EQUAL, _LEAST_BETTER = 0.05, 0.8
STATED_ROWS = 700
_MANY_ROWS, _LEAST_BETTER_OF_MANY = 2_000, 0.95
# With some hundred cells, one that chance shows once in a thousand times says nothing.
_CHANCE = 0.001
_MOST_SECONDS, _MOST_SECONDS_OF_JUDGE = 5.0, 10.0

_INTRODUCTION = f"""\
# Judge: when a candidate becomes champion

Every training ends with Judge. It checks all of these gates and promotes the candidate only if every gate is open. The
first closed gate gives the reason. The decision, the model card and the MLflow run list all gates.

| gate | open when |
|---|---|
| parity | the serving scorer gives scikit-learn's own prediction on every holdout row |
| documents | model card and data sheet are in the bundle |
| size | the model has no more than `max_model_mb` |
| latency | checking and scoring the median holdout row takes at most `max_latency_ms` on Judge's processor |
| contract | no change breaks callers, or `contract_changes = "allow"` |
| features | what the model takes from a feature store is had online, with its types (only with `[features]`) |
| baseline | the metric is better than that of the best constant, or of the most frequent class, beyond chance |
| champion | the metric is better than the champion's, beyond noise |
| slices | no value of a feature in `slices` is much worse than with the champion, beyond noise |

The limits are set in `[promotion]` of `model.toml`. The first candidate has no champion to beat, so the baseline gate
decides. A candidate with the champion's own digest is refused.

A champion of another table is no measure, even if its metric can be computed. It is of another table if its target,
task or classes are others, or if none of the features that both have shares a part of its range or a category with the
other's. The contract gate then refuses the candidate; with `contract_changes = "allow"` only the baseline has to be
beaten, and the decision says so. Unrelated tables that share a value, such as `true` in a column of one name, are not
recognised: names, ranges and categories are all that Judge knows of a table.

## Beyond noise

A holdout is a sample. On another sample of the same size both models would score differently, and the worse model may
look better. The paired bootstrap estimates how much of the difference is chance:

- Champion and candidate score the same rows: the candidate's holdout. If rows are split by time, order, group or hash,
  neither model was fitted to it.
- A draw takes rows with replacement, and measures both models on the same draw. Rows that are hard for both models
  therefore cancel out. There are 2,000 draws.
- A draw takes as many rows as the holdout is worth in independent ones. Rows that are near in time (in a split by
  time or order), or of one group (in a split by group, or `group` in `[data]`), tend to err together. In time, the
  variance of a mean over such rows is that of an autoregression (Berk 1974) or of the means of blocks of rows
  (Carlstein 1986), whichever is larger, and is taken from ranks as well; rows of one moment are added up first. In
  groups, it is that of leaving out whole groups (MacKinnon, Nielsen and Webb 2023). Where both are known, both are
  added. The decision says what came of it: "687 rows, worth about 61 independent". If nothing is known, rows count as
  independent, and the decision says so.
- Rows that depend on each other and are worth fewer than {MINIMUM_INDEPENDENT} independent ones are not enough.
- A short series does not show how long its memory is. Rows in time therefore have at most one degree of freedom of
  Student's t for each 30 of them, but at least three: with 100 rows in time, only a far better model is promoted.
- The gain must be above 0 with a one-sided confidence of {_SURE}. Its lower bound is the lower of two: the percentile
  of the 2,000 gains, and the one from their standard deviation and Student's t. The percentile alone is too narrow if
  there are few rows, or if a few rows weigh much (Hesterberg 2015).
- Only rows on which the models perform differently can tell them apart. Such rows worth fewer than {MINIMUM_DIFFERING}
  independent ones are not enough.
- A draw of a metric of ranks, such as `roc_auc`, counts how often each row came: rows are sorted once. With many rows
  and classes there are fewer draws, at least 200. A draw in which a class is absent counts as one that tells nothing.
- The seed is fixed: the same two bundles give the same decision.

The best constant is that of the metric: the mean for `rmse` and `r2`, the median for `mae` and
`median_absolute_error`, the quantile for `pinball_0.9`, the median weighed by 1 / target for `mape`, and for `rmsle`
what the mean of the logarithms stands for.

Sources: B. Efron and R. Tibshirani, *An Introduction to the Bootstrap* (1993), chapters 6, 13 and 16; T. Hesterberg,
*What Teachers Should Know About the Bootstrap* (2015),
[doi:10.1080/00031305.2015.1089789](https://doi.org/10.1080/00031305.2015.1089789); P. Koehn, *Statistical Significance
Tests for Machine Translation Evaluation* (EMNLP 2004), on pairs.

A slice is much worse if its metric is worse by more than `slice_tolerance` of the champion's, and the upper bound of
its gain is below 0. With n slices, each bound has a confidence of 1 - {_DOUBT} / n (Bonferroni), so that false alarms
stay unlikely with many slices. Slices of fewer than 30 rows, or in which the metric is not known, are not judged.

If the contract has changed so that the champion can read none of the candidate's rows, and `contract_changes` allows
the change, each model is measured on its own holdout, and the draws are independent. This comparison is far less
sensitive; the reason says that it was used. If the champion predicts another target, other classes or another task, the
baseline gate decides.

The command below writes this file.
"""

_RATES = """\
## Chance, and real gains

Each replay draws two new models and their holdout. Half of the variance of the errors is common to both models, and
errors are heavy-tailed: Student's t with five degrees of freedom. Regression: house prices with errors around 10%.
Classification: three classes of 60%, 30% and 10%. The table shows the share of replays that promote the candidate.
There are {equal} replays with equally good models, and {better} with a candidate whose true error is lower by the
share in the column's heading. The error of accuracy and F1 is 1 minus the metric.
"""

_LARGE = """\
The bootstrap of {rows:,} rows with 2,000 draws, in seconds. For metrics of losses, a draw counts how often each row was
drawn. For metrics of labels, equal rows are counted together, and a draw is multinomial. The last line is all of Judge
in a separate process: it reads both bundles, checks the parity of every row, and scores all rows with the champion.
Both models have 200 boosted trees on 13 columns.
"""


_STREAMS = """\
The same with equally good models on rows that depend on each other, and of which that is known: their order in time, or
their groups. There are {replays} replays. The table shows the share that promotes the candidate, over all
six metrics, and by the metric for which it is largest.

- independent: as above, but in a known order;
- autoregressive: the errors of both models are first-order series with the coefficient that is named;
- sessions of 20: runs of 20 rows share half of their variance;
- weekly: the errors of both models are twice as large on two days of seven, ten rows a day;
- groups: rows of a group share half of their variance; each row belongs to one of so many groups at random.
"""


def render(results: Results) -> str:
    return page(
        _INTRODUCTION,
        results,
        goals=_goals(results),
        sections={"rates": [_rates], "streams": [_streams], "large": [_large]},
    )


def _goals(results: Results) -> Iterator[list[str]]:
    if "rates" in results:
        yield from _goals_of_rates(results["rates"])
    if "streams" in results:
        yield _goal_of_streams(results["streams"])
    if "large" in results:
        yield from _goals_of_large(results["large"])


def _goals_of_rates(rates: Results) -> Iterator[list[str]]:
    equal = max(at["0.0"]["promoted"] for rows in rates.values() for at in rows.values())
    yield goal(
        "equal models promoted, by any metric at any size",
        f"at most {_MOST_EQUAL:.0%}",
        f"{equal:.1%}",
        equal <= _MOST_EQUAL,
    )
    for size, least in ((STATED_ROWS, _LEAST_BETTER), (_MANY_ROWS, _LEAST_BETTER_OF_MANY)):
        # The quick form has few sizes.
        if all(str(size) in rows for rows in rates.values()):
            better = min(rows[str(size)][str(STATED_MARGIN)]["promoted"] for rows in rates.values())
            yield goal(
                f"a model with {STATED_MARGIN:.0%} less error promoted, by any metric, {size:,} rows",
                f"at least {least:.0%}",
                f"{better:.0%}",
                better >= least,
            )


def _goals_of_large(large: Results) -> Iterator[list[str]]:
    slowest = max(large["bootstrap"].values())
    yield goal(
        f"bootstrap of {large['rows']:,} rows, 2,000 draws, by any metric",
        f"under {number(_MOST_SECONDS)} s",
        f"{slowest:.1f} s",
        slowest < _MOST_SECONDS,
    )
    judge = large["judge"]["seconds"]
    yield goal(
        f"all of Judge, {large['rows']:,} rows in an order",
        f"under {number(_MOST_SECONDS_OF_JUDGE)} s",
        f"{judge:.1f} s",
        judge < _MOST_SECONDS_OF_JUDGE,
    )


def _rates(rates: Results) -> list[str]:
    margins = list(next(iter(next(iter(rates.values())).values())))
    header = ["metric", "rows", "equal", *(f"{float(margin):.0%} less" for margin in margins[1:])]
    figures = []
    for metric, by_rows in rates.items():
        for rows, by_margin in by_rows.items():
            of_equal, *of_better = (by_margin[margin]["promoted"] for margin in margins)
            figures.append([metric, f"{int(rows):,}", f"{of_equal:.1%}", *(f"{share:.0%}" for share in of_better)])
    equal, better = (
        _replays({rows: at[margin]["replays"] for rows, at in next(iter(rates.values())).items()})
        for margin in margins[:2]
    )
    text = _RATES.format(equal=equal, better=better)
    title, _, paragraph = text.partition("\n\n")
    return [title, "", *wrap(paragraph, width=120), "", *table(header, figures)]


def _goal_of_streams(streams: Results) -> list[str]:
    """The worst cell, and whether it is more than chance would show at the goal's rate."""
    cells = [
        (share, stream, rows, metric)
        for stream, by_rows in streams["shares"].items()
        for rows, by_metric in by_rows.items()
        for metric, share in by_metric.items()
    ]
    share, stream, rows, metric = max(cells)
    replays = streams["replays"][rows]
    held = bool(binom.sf(round(share * replays) - 1, replays, _MOST_EQUAL) > _CHANCE)
    return goal(
        "equal models promoted, by any metric at any size on any stream",
        f"at most {_MOST_EQUAL:.0%}, chance aside",
        f"{share:.1%} of {replays} ({stream}, {int(rows):,} rows, {metric})",
        held,
    )


def _streams(streams: Results) -> list[str]:
    sizes = list(streams["replays"])
    figures = []
    for stream, by_rows in streams["shares"].items():
        cells = []
        for rows in sizes:
            by_metric = by_rows[rows]
            worst = max(by_metric, key=lambda name: by_metric[name])
            cells.append(f"{mean(by_metric.values()):.1%} ({by_metric[worst]:.1%} {worst})")
        figures.append([stream, *cells])
    text = _STREAMS.format(replays=_replays(streams["replays"]))
    return [
        "## Rows that depend on each other",
        "",
        *text.splitlines(),
        "",
        *table(["stream", *(f"{int(rows):,} rows" for rows in sizes)], figures),
    ]


def _replays(counts: dict[str, int]) -> str:
    """The number of replays by size: "1,000 (300 with 10,000 rows)"."""
    usual = max(counts.values())
    fewer = [f"{count:,} with {int(rows):,} rows" for rows, count in counts.items() if count < usual]
    return f"{usual:,} ({', '.join(fewer)})" if fewer else f"{usual:,}"


def _large(large: Results) -> list[str]:
    judged = large["judge"]
    figures = [
        *([f"bootstrap, {name}", f"{seconds:.1f}", ""] for name, seconds in large["bootstrap"].items()),
        ["Judge, mape", f"{judged['seconds']:.0f}", f"{judged['megabytes']:.0f}"],
    ]
    return [
        "## A large holdout",
        "",
        *wrap(_LARGE.format(rows=large["rows"]), width=120),
        "",
        *table(["", "s", "MB"], figures),
    ]
