"""Renders the results of benchmarks.judging as Markdown: what docs/judging.md says, and its tables."""

from collections.abc import Iterator
from textwrap import wrap

from benchmarks.judging.rates import MARGINS
from benchmarks.page import Results, goal, page, table
from evergreen.judging.improvement import MINIMUM_DIFFERING
from evergreen.settings.sections import PromotionSettings

_SURE, _DOUBT = f"{100 * PromotionSettings().confidence:g}%", f"{1 - PromotionSettings().confidence:g}"
# The promises: of equal models, of a better one at this margin and from so many rows on, and of the time.
_MOST_EQUAL, _LEAST_BETTER = 0.05, 0.8
STATED_MARGIN, STATED_ROWS = 0.2, 700
_MOST_SECONDS = 5.0

_INTRODUCTION = f"""\
# Judge: when a candidate becomes champion

Every training ends with Judge. It looks at each of these gates, also when one is closed already, and promotes only if
all are open. The first closed one gives the reason; all of them stand in the decision, on the model card and on the
MLflow run.

| gate | open when |
|---|---|
| parity | the scorer that will serve gives scikit-learn's own prediction on every holdout row |
| documents | model card and data sheet are in the bundle |
| size | the model has no more than `max_model_mb` |
| latency | the median holdout row is checked and scored within `max_latency_ms`, on Judge's own processor |
| contract | nothing changed that breaks callers, or `contract_changes = "allow"` |
| baseline | the metric is better than that of always predicting the mean, or the commonest class |
| champion | the metric is better than the champion's, beyond noise |
| slices | no value of a feature in `slices` is much worse than with the champion, beyond noise |

The limits are set in `[promotion]` of `model.toml`. The first candidate has no champion to beat, and the baseline
decides. The same model again, by its digest, is refused.

## Beyond noise

A holdout is a sample. On another one of the same size both models would score otherwise, and the worse one may well
look better. How much is chance, the paired bootstrap tells:

- Champion and candidate score the same rows: the candidate's holdout, which neither was fitted to if rows are split by
  time, by group or by hash.
- As many rows as there are get drawn from it with replacement, and the metric of both is taken on the draw. Both get
  the same draw, so that rows which both find hard cancel out. That is done 2,000 times.
- The gain must lie above 0 with a confidence of {_SURE} (one-sided). Its lower bound is the more careful of two: the
  percentile of the 2,000 gains, and their standard deviation times Student's t. The percentile alone is too narrow
  where there are few rows, or a few of them weigh much (Hesterberg 2015).
- Only rows on which the models do not do equally well tell them apart. Fewer than {MINIMUM_DIFFERING} are not enough.
- The seed is fixed: the same two bundles give the same decision.

Sources: B. Efron and R. Tibshirani, *An Introduction to the Bootstrap* (1993), chapters 6, 13 and 16; T. Hesterberg,
*What Teachers Should Know About the Bootstrap* (2015),
[doi:10.1080/00031305.2015.1089789](https://doi.org/10.1080/00031305.2015.1089789); P. Koehn, *Statistical Significance
Tests for Machine Translation Evaluation* (EMNLP 2004), on pairs.

A slice is much worse if its metric is worse by more than `slice_tolerance` of the champion's, and the upper bound of
its gain lies below 0. With n slices each is bounded at a confidence of 1 - {_DOUBT} / n (Bonferroni), so that many
slices do not make a false alarm likely. Slices of fewer than 30 rows are not judged.

If the contract has changed so that the champion can read none of the candidate's rows, and `contract_changes` allows
it, each model is measured on its own holdout, and both are drawn apart: a far blunter comparison, which the reason
names. A champion that predicts another target, or another kind of it, is no measure, and the baseline decides.

This file is written by the command below.
"""

_RATES = """\
## Chance, and real gains

Two models are drawn anew for each replay, with their holdout. Half of an error's variance is common to both, and
errors are heavy-tailed: Student's t with five degrees of freedom. Regression: house prices with errors around 10%.
Classification: three classes of 60%, 30% and 10%. Shares are of the replays that promote the candidate: {equal} of
models that are equally good, and {better} of a candidate whose error is lower in truth by the share above the
column. The error of accuracy and F1 is what they lack to 1.
"""

_LARGE = """\
The bootstrap of {rows:,} rows with 2,000 draws, in seconds. Losses are kept row by row, and a draw counts how often
each was drawn; of labels the distinct rows are kept, with their number, and a draw is multinomial. Last the whole of
Judge, in a process of its own: both bundles are read, every row's parity is checked, and the champion scores them all.
Both models have 200 boosted trees on 13 columns.
"""


def render(results: Results) -> str:
    return page(_INTRODUCTION, results, goals=_goals(results), sections={"rates": [_rates], "large": [_large]})


def _goals(results: Results) -> Iterator[list[str]]:
    if "rates" in results:
        measured = results["rates"]
        equal = max(at["0.0"]["promoted"] for rows in measured.values() for at in rows.values())
        yield goal(
            "equal models promoted, by any metric at any size",
            f"at most {_MOST_EQUAL:.0%}",
            f"{equal:.1%}",
            equal <= _MOST_EQUAL,
        )
        better = min(rows[str(STATED_ROWS)][str(STATED_MARGIN)]["promoted"] for rows in measured.values())
        yield goal(
            f"a model with {STATED_MARGIN:.0%} less error promoted, by any metric, {STATED_ROWS} rows",
            f"at least {_LEAST_BETTER:.0%}",
            f"{better:.0%}",
            better >= _LEAST_BETTER,
        )
    if "large" in results:
        slowest = max(results["large"]["bootstrap"].values())
        yield goal(
            f"bootstrap of {results['large']['rows']:,} rows, 2,000 draws, by any metric",
            f"under {_MOST_SECONDS:g} s",
            f"{slowest:.1f} s",
            slowest < _MOST_SECONDS,
        )


def _rates(rates: Results) -> list[str]:
    margins = ("0.0", *map(str, MARGINS))
    header = ["metric", "rows", "equal", *(f"{margin:.0%} less" for margin in MARGINS)]
    figures = []
    for metric, by_rows in rates.items():
        for rows, by_margin in by_rows.items():
            equal, *better = (by_margin[margin]["promoted"] for margin in margins)
            figures.append([metric, f"{int(rows):,}", f"{equal:.1%}", *(f"{share:.0%}" for share in better)])
    text = _RATES.format(equal=_replays(rates, "0.0"), better=_replays(rates, margins[1]))
    title, _, paragraph = text.partition("\n\n")
    return [title, "", *wrap(paragraph, width=120), "", *table(header, figures)]


def _replays(rates: Results, margin: str) -> str:
    """How many replays there were at each size, in words: "1,000 (300 with 10,000 rows)"."""
    counts = {int(rows): at[margin]["replays"] for rows, at in next(iter(rates.values())).items()}
    usual = max(counts.values())
    fewer = [f"{count:,} with {rows:,} rows" for rows, count in counts.items() if count < usual]
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
