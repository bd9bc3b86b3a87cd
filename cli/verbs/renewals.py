"""evergreen renewals: what was tried, why, what came of it, and what it cost."""

from cli.aws.renewals import Renewals
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import PlainTable, console
from evergreen.number_text import counted
from evergreen.renewal.ledger import Ledger

_LISTED = 20


def renewals(environment: EnvironmentName = "dev", local: Local = False) -> None:
    """List the renewals, the newest first: why each began, what came of it, and what it cost."""
    ledger = Renewals(Target.choose(environment, local=local)).ledger()
    if ledger.runs:
        console.print(_table(ledger))
        if len(ledger.runs) > _LISTED:
            console.print(f"  and {len(ledger.runs) - _LISTED} before", markup=False)
        spent = sum(run.dollars for run in ledger.runs)
        console.print(f"  {counted(len(ledger.runs), 'renewal')} cost {spent:.2f} dollars of jobs", markup=False)
    else:
        console.print("Nothing has been renewed yet. Try it now: evergreen renew", markup=False)
    if refusal := ledger.refusal:
        times = f", {refusal.times} times in a row" if refusal.times > 1 else ""
        console.print(
            f"  Since then nothing began ({refusal.at[:16]}{times}; {refusal.reason}): {refusal.told}",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    if ledger.paused:
        console.print(
            f"  Paused: {ledger.paused}. To go on: evergreen resume", style="yellow", markup=False, soft_wrap=True
        )


def _table(ledger: Ledger) -> PlainTable:
    table = PlainTable("Began", "Because of", "Outcome", "Why", "Labels", "Dollars")
    for run in reversed(ledger.runs[-_LISTED:]):
        outcome = f"{run.outcome} {run.promoted}" if run.promoted else run.outcome or "is running"
        table.add_row(run.began[:16], run.reason, outcome, run.told, str(run.rows), f"{run.dollars:.2f}")
    return table
