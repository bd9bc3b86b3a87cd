"""The `evergreen` command. A failure that a user can act on is one message and exit code 1."""

import signal
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.console import errors
from cli.failures import expected, in_words
from cli.interruption import Interrupted, interrupt
from cli.verbs import VERBS


class _Verbs(TyperGroup):
    """The verbs. Each is imported when it is called; until then its line of the help page stands for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = {name: TyperCommand(name, help=text) for name, text in VERBS.items()}
        self._are_listed = False

    def list_commands(self, _context: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, _context: Any, name: str) -> Any:
        if name not in VERBS or self._are_listed:
            return self.commands.get(name)
        return _load(name)

    def format_help(self, context: Any, formatter: Any) -> None:
        self._are_listed = True
        super().format_help(context, formatter)


def _load(name: str) -> Any:
    identifier = name.replace("-", "_")
    module = import_module(f"cli.verbs.{identifier}")
    if hasattr(module, "app"):
        return get_command(module.app)
    single = typer.Typer(add_completion=False)
    single.command(name)(getattr(module, identifier))
    return get_command(single)


app = typer.Typer(
    name="evergreen",
    cls=_Verbs,
    help="Train, serve and watch a tabular model on AWS, or on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _evergreen() -> None:
    """Makes a group of the verbs, none of which is registered here."""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        app(prog_name="evergreen")
    except SystemExit:
        raise
    except Interrupted as interruption:
        goes_on = str(interruption) or "what this command started has been stopped"
        errors.print(f"\nevergreen: interrupted; {goes_on}", markup=False, soft_wrap=True)
        sys.exit(130)
    # Asked for when there is a failure, and not before: these classes take a tenth of a second to import.
    except expected() as error:
        errors.print(f"evergreen: {in_words(error)}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
