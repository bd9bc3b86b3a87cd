"""What docs/renewal.md says before the figures."""

METHOD = """\
# When a model is renewed

Labels come in period by period. After each period there are challengers: models fitted to the rows before it, and
earlier champions as they are. All of them, and the champion, are measured on the period's rows, to which none was
fitted. The rule (`evergreen/renewal/rule.py`) decides whether one of them takes the champion's place.

`[renewal]` in model.toml lets the deployed workflow apply it by itself (README, "Renewal"). A period is what has been
labelled since the last renewal: predictions whose truth no version of the data had before.

## Challengers

| challenger | fitted to |
|---|---|
| `all` | all rows before the period |
| `last` | as many of the newest rows as the first champion was fitted to |
| `half` | half as many |
| up to three earlier champions | nothing new: a world that comes back needs a pointer, not a training |

After an abrupt change the old rows mislead; in a world that stands still each of them helps. No window is right for
both, so all are tried, and the rows decide.

## What a period tells

The *score* of a challenger is its paired gain over the champion on the period's rows, in standard errors, from the
bootstrap of [judging.md](judging.md): rows that depend on each other count as fewer. With few rows, it is the standard
normal number that is as improbable.

Who looks after each period, and stops at the first that looks well, finds chance with certainty in the end. The scores
therefore go into a detector whose odds against chance hold whenever one looks: for a challenger that is never better,
the mean number of periods until the odds reach c is c at least (Shin, Ramdas and Rinaldo 2024,
[doi:10.51387/23-NEJSDS51](https://doi.org/10.51387/23-NEJSDS51)). It finds a large lead at once, and a small one once
it has lasted. What was before a change does not count against what comes after it.

## The gates

The first gate that a challenger passes promotes it. The others ask for less than `sure`, each for a reason.

- **sure**: the odds are 50 to 1 for each challenger: 300 to 1 if there are six. Of several that are sure, the one with
  the least error in this period.
- **back**: the champion is at most eight periods old, and its predecessor has done better on all of their rows
  together, by 1.64 standard errors. This happens once: what was given up is not taken up again without proof.
- **moving**: what is true of rows is known to change, the champion has served two periods, and the challenger is ahead
  on the rows since then by half a standard error.
- **far**: the challenger's error is lower by a third of the champion's on the rows of at least two periods, and it is
  ahead by half a standard error. A week in which a model fails from the first hour to the last is little evidence,
  since all of its rows say the same; it is a bad week nevertheless.
- **grown**: `all` has 1.5 times the rows of a champion of `all`, and is not behind.

What is true of rows is known to change after a promotion by `sure` or `far`, and, after one by `moving`, as soon as
the new champion is ahead of its predecessor by half a standard error on later rows: one wrong step does not lead to
the next by itself.

What wins serves as it was judged. With `refit = true` it is fitted again before, to the period's rows as well. It
knows the newest period then, and nobody has judged it: what is measured, promised and watched is about the model that
was judged, and on the period's rows its predictions may lie no farther from that one's, on average, than the truth
does. The registered model in MLflow is the judged one too. The streams are lived through both ways ("evergreen, refit"
is the other one).

## What this is worth, and what it is not

- The bound of `sure` needs scores that are at most standard normal if the challenger is no better. Where all rows of a
  period are of one moment (a month of many cities), a shock that they share is not seen in the rows, and the score is
  too sure.
- In a world that changes with each row, whoever trains less often is behind, whatever the rule: the first two goals
  below pull against each other on the hyperplanes.

Sources of the streams: Street and Kim 2001, *A Streaming Ensemble Algorithm*
([doi:10.1145/502512.502568](https://doi.org/10.1145/502512.502568)); Hulten, Spencer and Domingos 2001, *Mining
Time-Changing Data Streams* ([doi:10.1145/502512.502529](https://doi.org/10.1145/502512.502529)); Schlimmer and Granger
1986, *Incremental Learning from Noisy Data* ([doi:10.1007/BF00116895](https://doi.org/10.1007/BF00116895)).

The command below writes this file.
"""
