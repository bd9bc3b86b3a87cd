"""What a check means for renewal: whether one begins. Without [renewal] there is nothing of it."""

import json
import os
from functools import cached_property
from typing import Any

import boto3

from evergreen import names
from evergreen.renewal.ledger import Ledger
from evergreen.renewal.rule import is_watched
from evergreen.renewal.trigger import Trigger, broken_features, trigger
from functions.check_drift.result import BROKEN_INPUT, CheckResult
from functions.ledgers import Ledgers


class Renewal:
    """The renewal workflow of the stack."""

    def __init__(self, ledgers: Ledgers, *, workflow: str, settings: dict[str, Any], may_begin: bool) -> None:
        """
        Args:
            workflow: its ARN.
            settings: [renewal] of model.toml.
            may_begin: whether what the check finds begins one.
        """
        self._ledgers = ledgers
        self._workflow = workflow
        self._settings = settings
        self._may_begin = may_begin
        self._found = Trigger()

    @cached_property
    def _ledger(self) -> Ledger:
        return self._ledgers.read()

    def judged_until(self) -> str:
        """The greatest id of the predictions that the last renewal has judged on; empty before the first.

        Raises:
            UnreadableLedger: the ledger is none.
        """
        return self._ledger.until

    def consider(self, result: CheckResult, *, minimum_labels: int) -> str:
        """What the check means, in words; empty if nothing."""
        broken = broken_features(result.features)
        if result.status == BROKEN_INPUT:
            broken.insert(0, result.reason)
        champion = self._ledger.champion
        standing = self._ledger.standing if champion and champion.version == result.version else None
        self._found = trigger(
            drift=f"drift: {result.reason}" if result.drifting else "",
            quality=_fall(result.quality),
            broken=", ".join(broken),
            new_labels=result.new_labels,
            minimum_labels=minimum_labels,
            labels=int(self._settings["labels"]),
            watched=standing is not None and is_watched(standing),
        )
        if self._found.reason and not self._may_begin:
            return "A scheduled check that finds this begins a renewal."
        return self._found.told

    def begin(self, result: CheckResult) -> None:
        """Begin a renewal, if the check that was considered is a reason."""
        if self._found.reason and self._may_begin:
            boto3.client("stepfunctions").start_execution(
                stateMachineArn=self._workflow,
                input=json.dumps({"reason": f"check of {result.checked_at[:16]}: {self._found.reason}"}),
            )


def renewal_of_environment(s3: Any, *, may_begin: bool) -> Renewal | None:
    """That of the function's environment; None without [renewal].

    Args:
        may_begin: whether what the check finds begins one.
    """
    workflow = os.environ.get(names.RENEWAL_WORKFLOW)
    if not workflow:
        return None
    return Renewal(
        Ledgers(s3, os.environ[names.MODEL_BUCKET], os.environ[names.MODEL_NAME]),
        workflow=workflow,
        settings=json.loads(os.environ[names.RENEWAL]),
        may_begin=may_begin,
    )


def _fall(quality: dict[str, Any] | None) -> str:
    if not quality or not quality["fell"]:
        return ""
    return f"quality fell: {quality['metric']} {quality['live']:.4g}, and {quality['promised']:.4g} was promised"
