"""evergreen renew: run the renewal workflow now, and say what came of it."""

from typing import Annotated

import typer

from cli.aws.renewals import Renewals
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import PlainTable, Steps, console
from cli.execution import execute, shown_in
from evergreen.errors import CommandFailed
from evergreen.number_text import number

# Tasks that nobody waits for; the others are printed.
_UNTOLD = {"ReadChallengersFailure", "EndFailed", "Release"}


def renew(
    reason: Annotated[str, typer.Option(help="Why, for the ledger and the messages.")] = "somebody asked for it",
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Try now whether models that are fitted to newer rows do better than the champion.

    It needs predictions whose truth has come in. It waits for no rest between two renewals, but keeps the ceilings of
    [renewal].
    """
    target = Target.choose(environment, local=local)
    renewals = Renewals(target)
    with Steps().step("Renewal workflow") as step:
        run_input = {"reason": reason, "by_hand": True}
        decision = execute(target, renewals.workflow, run_input, shown_in(step, _UNTOLD), what="renewal")
    if "told" in decision:
        raise CommandFailed(f"nothing was renewed: {decision['told']}")
    run = renewals.ledger().runs[-1]
    table = PlainTable("Challenger", "Version", "Why")
    for each in run.challengers:
        table.add_row(each["name"], each["version"], each["reason"])
    console.print(table)
    console.print(f"  {decision['summary']}, on {number(run.rows)} labelled predictions", markup=False, soft_wrap=True)
    verdict = f"[green]promoted {run.promoted}[/]" if run.promoted else "[yellow]the champion stays[/]"
    console.print(f"  {verdict}; the jobs have cost {run.dollars:.2f} dollars")
    console.print(f"  {run.told}", markup=False, soft_wrap=True)
