"""Renewal of a deployed stack: its workflow and its ledger."""

from collections.abc import Callable
from dataclasses import replace

from cli.aws.target import Target
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.renewal.ledger import Ledger
from functions.ledgers import Ledgers


def renews(target: Target) -> bool:
    """Whether the stack has renewal."""
    return bool(target.outputs.get(names.OUTPUT_RENEWAL_WORKFLOW))


class Renewals:
    """What has been renewed, and whether anything may be."""

    def __init__(self, target: Target) -> None:
        """
        Raises:
            CommandFailed: the stack has no renewal.
        """
        self.workflow = target.outputs.get(names.OUTPUT_RENEWAL_WORKFLOW, "")
        if not self.workflow:
            raise CommandFailed(
                f"{names.stack_name(target.environment)} renews nothing: set enabled = true in [renewal] of "
                f"model.toml, then run: cdk deploy {names.stack_name(target.environment)} (on a laptop: make up)"
            )
        model = target.outputs[names.OUTPUT_MODEL_NAME]
        self._ledgers = Ledgers(target.client("s3"), target.outputs[names.OUTPUT_MODEL_BUCKET], model)

    def ledger(self) -> Ledger:
        return self._ledgers.read()

    def change(self, update: Callable[[Ledger], Ledger]) -> None:
        self._ledgers.change(update)

    def pause(self, why: str) -> None:
        self.change(lambda ledger: replace(ledger, paused=why))

    def resume(self) -> bool:
        """Whether it was paused."""
        was = bool(self.ledger().paused)
        self.change(lambda ledger: replace(ledger, paused=""))
        return was
