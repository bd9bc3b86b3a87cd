"""What docs/drift.md says of the method, with the defaults of the rule."""

from evergreen.monitoring.drift.rule import significance
from evergreen.number_text import number
from evergreen.settings.sections import DriftSettings

_RULE = DriftSettings()

METHOD = f"""\
# The drift check

A check compares the predictions of a window of time with the holdout that the champion was judged on.

## The rule

- The values of each feature that are not missing are tested: numbers with the two-sample Kolmogorov-Smirnov test,
  categories with the chi-square test of homogeneity, or with Fisher's exact test if there are two. Rare categories are
  tested together as one. Of a date, only whether it is there: time goes on.
- The shares of missing values, of categories that training never saw, and of numbers outside the training range are
  tested with Fisher's exact test.
- The tests treat the reference as a sample too: the sizes of both samples count.
- Rows that follow each other in time, or belong to one group, depend on each other, so windows of them move farther
  than chance explains. How far is taken from the table's own past: Train walks windows of the check's size through the
  table in the order of time (or group by group), compares each with the rows before it, and takes from their variance
  how many independent rows a window is worth (the effective sample size; Kish 1965, *Survey Sampling*). A test counts
  only these (Rao and Scott 1981,
  [doi:10.1080/01621459.1981.10477633](https://doi.org/10.1080/01621459.1981.10477633)), and Student's t takes into
  account how few the windows were.
- A column drifts when it has moved farther than both chance and its own past explain. If neither an order in time nor
  groups are known (`[split]`, or `group` in `[data]`), rows count as independent, and the check says so.
- `false_alarms_per_year` is {number(_RULE.false_alarms_per_year)}. With a check every {_RULE.every_hours} hours, the
  probability that a check without drift names any column may be {number(significance(_RULE))}. The threshold of each
  p-value is this, divided by the number of tests (Bonferroni; Dunn 1961,
  [doi:10.1080/01621459.1961.10482090](https://doi.org/10.1080/01621459.1961.10482090)), however the columns depend on
  each other.
- With a million rows every difference is significant. So at least {_RULE.smallest_shift:.0%} of the rows must have
  moved as well: this is the largest difference between the distribution functions, or between the shares of a set of
  categories.

A check alarms for any of these reasons (`alarm_on`):

- `share`: more than {_RULE.share:.0%} of the features have drifted, and the model uses at least one of them;
- `importance`: the features that have drifted carry more than {_RULE.importance:.0%} of the permutation importance that
  Train measured;
- `broken`: at least {_RULE.broken:.0%} of the rows of a feature are missing, of unseen categories, outside the training
  range, or of one value, and neither the holdout nor the past came near it;
- `prediction`: the predictions themselves have drifted.

All reasons together hold `false_alarms_per_year`, since none can arise unless a column is named. Train checks the whole
rule on the table's own past, window by window, stores the result in the bundle, and fails if the rule alarms more often
than it may; the message names the nearest rate that holds.

What else there may be:

- A past of fewer windows than 30: Student's t makes up for it, so that the rate holds, but only large moves are seen. A
  check names the features of which it sees only moves of more than half of the rows.
- A table too short for {_RULE.minimum_rows}-row windows: shorter ones are walked through, down to 20 rows, and a larger
  window is taken to be worth no more than these. Shorter still: rows count as independent, and the check says so.
- A window of another size than any of the past: a larger one is worth at least what a smaller one is, a part of a
  window at least its part.
- Rows of one moment, gaps, and rows that run backwards: rows are sorted by the column of the split, or stay as they
  stand in a split by order; only their order counts. A single group: it does not tell how groups differ, so rows count
  as independent.
- A number that was constant in training has no spread to measure by: values within 1% of it count as equal to it.
- With fewer than {_RULE.minimum_rows} rows in the window or in the reference, the status is "insufficient data", and
  there is no alarm.

`[drift]` in `model.toml` sets these values. The defaults stand above and are measured here. The command below writes
this file.
"""
