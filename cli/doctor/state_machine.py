"""The state machine's definition, held against Step Functions' own validation before anything is deployed."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cli.aws.target import CHECKOUT
from cli.doctor.plan import Caller, Plan
from cli.findings import Finding, Status
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import ModelSettings

STATE_MACHINE = "state machine"
_SECONDS = 50
_MOST = 100  # diagnostics, which is also the most that AWS gives


def state_machine(plan: Plan, caller: Caller, client: Any) -> Sequence[Finding]:
    """
    Raises:
        CommandFailed: there is no definition, since the checkout's code fails.
    """
    settings = read_settings(plan.settings_file)
    workflows: dict[str, Sequence[str]] = {"training": ()}
    if settings.renewal.enabled:
        workflows["renewal"] = ("--renewal", json.dumps(asdict(settings.renewal), sort_keys=True))
    if settings.features.service:
        project = names.feature_project(settings.name, plan.environment.name)
        workflows["feature_store"] = ("--features", project)
    found = [
        finding
        for workflow, options in workflows.items()
        for finding in _validate(definition(plan, caller, settings, options), workflow, client)
    ]
    told = " and the ".join(workflow.replace("_", " ") for workflow in workflows)
    accepted = f"Step Functions accepts the definition of the {told} workflow"
    return found or [Finding(check=STATE_MACHINE, status=Status.OK, found=accepted)]


def _validate(definition: str, workflow: str, client: Any) -> list[Finding]:
    answer = client("stepfunctions").validate_state_machine_definition(
        definition=definition, type="STANDARD", severity="WARNING", maxResults=_MOST
    )
    is_refused = answer["result"] != "OK"
    findings = [
        Finding(
            check=STATE_MACHINE,
            status=Status.FAILED if diagnostic["severity"] == "ERROR" else Status.WARNING,
            found=f"{diagnostic['code']} at {diagnostic.get('location', 'the whole')}: {diagnostic['message']}",
            remedy=f"correct it in infra/{workflow}; of a checkout without changes, please report it",
        )
        for diagnostic in answer["diagnostics"]
    ]
    # What counts is the result: AWS may change severities and words.
    if is_refused and all(finding.status != Status.FAILED for finding in findings):
        found = f"Step Functions refuses the definition of the {workflow} workflow without saying why"
        findings.append(Finding(check=STATE_MACHINE, status=Status.FAILED, found=found))
    return findings


def definition(plan: Plan, caller: Caller, settings: ModelSettings, options: Sequence[str] = ()) -> str:
    """The definition that a deployment would have, with ARNs of the account's form instead of references.

    Args:
        options: of infra/definition.py, for another workflow than that of training.
    """
    # In a process of its own, since the code of the stack is no part of the command. It builds no package.
    tracking = os.environ.get(names.TRACKING_URI)
    command = [
        *(sys.executable, "-m", "infra.definition"),
        *("--environment", plan.environment.name, "--region", plan.region),
        *("--account", caller.account, "--partition", caller.partition),
        *("--model", settings.name, "--message-format", settings.notifications.format),
        *(("--tracking", tracking) if tracking else ()),
        *options,
    ]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if ran.returncode:
        words = ran.stderr.strip().splitlines() or ["without a message"]
        raise CommandFailed(f"the definition could not be made: {words[-1]}")
    return ran.stdout
