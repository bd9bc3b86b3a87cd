"""Clients whose answers are recorded: what a check of the doctor asks must be asked in this order."""

from typing import Any

import boto3
from botocore.stub import Stubber

DENIAL = (
    "User: arn:aws:sts::111122223333:assumed-role/deployer/me is not authorized to perform: {action} on resource: * "
    "because no identity-based policy allows the {action} action"
)


class Recorded:
    """Called with a service, it gives the client, as cli.doctor.plan.Clients does."""

    def __init__(self) -> None:
        self._stubbers: dict[str, Stubber] = {}
        self._session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")

    def __call__(self, service: str) -> Any:
        return self._of(service).client

    def answers(self, service: str, operation: str, response: dict[str, Any], **parameters: Any) -> None:
        """With `parameters`, it must be asked with these and no others."""
        self._of(service).add_response(operation, response, parameters or None)

    def refuses(self, service: str, operation: str, code: str, message: str = "") -> None:
        self._of(service).add_client_error(operation, code, message)

    def denies(self, service: str, operation: str, action: str) -> None:
        self.refuses(service, operation, "AccessDeniedException", DENIAL.format(action=action))

    def all_asked(self) -> None:
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()

    def _of(self, service: str) -> Stubber:
        if service not in self._stubbers:
            self._stubbers[service] = Stubber(self._session.client(service))
            self._stubbers[service].activate()
        return self._stubbers[service]
