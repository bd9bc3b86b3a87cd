"""evergreen replay: nine years of house prices, month by month, with renewal and without, as a page."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from cli.aws.target import CHECKOUT
from cli.console import Steps, console
from cli.embedded import deployed_cloud
from cli.training_progress import run_training
from evergreen.number_text import percent

HOME = CHECKOUT / ".evergreen" / "replay"
PAGE = "replay.html"
# The drawings, and the page without links to the files beside it.
PICTURES = "pictures"
_FIRST_YEAR, _LAST_YEAR = 2007, 2015
# Months pass in a second here, so there is no rest between two renewals.
_RENEWAL = """
[renewal]
enabled = true
windows = ["all", "half"]
labels = 400
cool_down_hours = 0.0
runs_per_day = 100
runs_per_month = 100
"""


def replay(
    until: Annotated[
        int, typer.Option(help="The last year, 2007 to 2015.", min=_FIRST_YEAR, max=_LAST_YEAR)
    ] = _LAST_YEAR,
    port: Annotated[int | None, typer.Option(help="Port of the cloud. Without it: a free one.")] = None,
) -> None:
    """Live nine years of house prices month by month, with renewal and without, and draw them as a page.

    The page is written after each year.
    """
    # Imported here, since they take a second, and `--help` does without them.
    from cli.replay.living import Life
    from cli.replay.page import pictures, write

    steps = Steps()
    console.print("[bold]Evergreen replay[/]: a model that renews itself, on this machine, with no account\n")
    folder = _fresh(HOME / "model")
    page = HOME / PAGE
    with deployed_cloud(HOME / "cloud", steps, port=port, model_toml=folder / "model.toml") as (_, target):
        run_training(target, folder / "model.toml", steps)
        life = Life(target, HOME)
        for year in range(_FIRST_YEAR, until + 1):
            with steps.step(f"{year}: predict, tell the truth, check, renew") as step:
                # What the last year would renew, nobody would see.
                period = life.live(year, step.progress, renew=year < until)
                page.write_text(write(life.story))
                errors = [month.error for month in period.months]
                came = period.run.outcome if period.run else "no renewal"
                step.result = f"mean error {percent(sum(errors) / len(errors))}; {came}"
            if year == _FIRST_YEAR:
                console.print(f"  The page has its first picture: {page}", markup=False, soft_wrap=True)
    story = life.story
    (HOME / PICTURES).mkdir(exist_ok=True)
    for name, content in pictures(story).items():
        (HOME / PICTURES / name).write_text(content)
    console.print(
        f"\n  Mean error with renewal {percent(story.error)}, without {percent(story.without)}; "
        f"{len(story.promotions)} of {len(story.runs)} renewals promoted another version, in {steps.elapsed():.0f} s",
        markup=False,
        soft_wrap=True,
    )
    console.print(f"  The page: {page}", markup=False, soft_wrap=True)


def _fresh(folder: Path) -> Path:
    """The demo's model with renewal; what an earlier replay has left goes."""
    if HOME.exists():
        for file in HOME.glob("*.html"):
            file.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "data").symlink_to(CHECKOUT / "data")
    (folder / "model.toml").write_text((CHECKOUT / "model.toml").read_text() + _RENEWAL)
    return folder
