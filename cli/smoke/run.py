"""All looks, one after another. What was sent is taken out of the captures at the end, however that comes."""

from collections.abc import Callable, Iterator

from cli.aws.endpoint import Endpoint
from cli.aws.target import Target
from cli.console import errors
from cli.failures import expected
from cli.findings import Finding, Status
from cli.interruption import Interrupted
from cli.smoke.alarms import look_at_alarms, look_at_the_subscription
from cli.smoke.captures import EMBEDDED, ON_AWS, Arrivals, look_at_captures
from cli.smoke.champion import look_at_the_endpoint, look_at_the_pointer
from cli.smoke.deployed import Deployed, could_not_look
from cli.smoke.mlflow_version import look_at_mlflow
from cli.smoke.on_aws import look_at_what_only_aws_does
from cli.smoke.predictions import look_at_feedback, look_at_predictions
from cli.smoke.refusals import look_at_what_the_function_refuses, look_at_what_the_gateway_refuses
from cli.smoke.removal import command, remove

Tell = Callable[[Finding], None]
# Checks of what a promotion may have broken.
_OF_THE_VERSION = {"champion", "endpoint", "model", "openapi", "predict", "exactness", "latency"}


def smoke(target: Target, *, wait: float | None, tell: Tell, progress: Callable[[str], None]) -> list[Finding]:
    """All findings, in their order.

    Args:
        wait: seconds from the last request, in which captures must have arrived; a default that fits the cloud if None.
        tell: is given each finding as soon as it is there.

    Raises:
        CommandFailed: the stack is not deployed.
        Interrupted: by a signal, after what was sent has been taken out of the captures, or been named.
    """
    patience = wait if wait is not None else EMBEDDED if target.embedded else ON_AWS
    stack = Deployed(target, Endpoint(target), patience, progress)
    looks = _Looks(stack, tell)
    try:
        looks.all()
    except Interrupted:
        if stack.rows:
            errors.print("\ninterrupted: what was sent is taken out of the captures first. If this ends too:")
            errors.print(f"  {command(stack)}", markup=False, soft_wrap=True)
        raise
    finally:
        if finding := remove(stack):
            looks.tell(finding)
    looks.tell_the_way_back()
    return looks.findings


class _Looks:
    """Runs looks, and tells what each has found."""

    def __init__(self, stack: Deployed, tell: Tell) -> None:
        self.findings: list[Finding] = []
        self._stack = stack
        self._tell = tell

    def all(self) -> None:
        stack = self._stack
        self._look("champion", look_at_the_pointer(stack))
        self._look("endpoint", look_at_the_endpoint(stack))
        self._look("refusals", look_at_what_the_gateway_refuses(stack))
        arrivals = self._arrivals()
        # What could not be taken out again is not sent.
        if arrivals:
            self._look("predict", look_at_predictions(stack))
            self._look("wrong requests", look_at_what_the_function_refuses(stack))
            self._look("feedback", look_at_feedback(stack))
        self._look("alarms", look_at_alarms(stack))
        self._look("subscription", look_at_the_subscription(stack))
        self._look("MLflow", look_at_mlflow(stack))
        if arrivals:
            self._look("captures", look_at_captures(stack, arrivals))
        self._look("AWS", look_at_what_only_aws_does(stack))

    def tell(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._tell(finding)

    def tell_the_way_back(self) -> None:
        """After a failure that a promotion may have brought: how to undo it."""
        stack = self._stack
        broken = [one.check for one in self.findings if one.status == Status.FAILED and one.check in _OF_THE_VERSION]
        if broken and stack.answers and stack.champion and stack.before:
            found = f"{stack.before} was champion before {stack.champion.version}"
            back = f"evergreen rollback {stack.options} brings it back"
            self.tell(Finding(check="way back", status=Status.WARNING, found=found, remedy=back))

    def _look(self, check: str, findings: Iterator[Finding]) -> None:
        """One look. What it needs and cannot get fails it, and no other."""
        try:
            for finding in findings:
                self.tell(finding)
        except expected() as error:
            self.tell(could_not_look(self._stack, check, error))

    def _arrivals(self) -> Arrivals | None:
        try:
            return Arrivals(self._stack)
        except expected() as error:
            self.tell(could_not_look(self._stack, "captures", error))
            return None
