"""evergreen resume: models may be renewed again."""

from cli.aws.renewals import Renewals
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console


def resume(environment: EnvironmentName = "dev", local: Local = False) -> None:
    """Let models be renewed again."""
    was = Renewals(Target.choose(environment, local=local)).resume()
    console.print(
        "  Resumed: the next check may begin a renewal. To try now: evergreen renew" if was else "  It was not paused.",
        markup=False,
        soft_wrap=True,
    )
