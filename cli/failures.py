"""Failures that a user can act on, and what is said of each."""

# Error codes of AWS's services that mean the same.
_EXPIRED = {
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException"),
}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}


def expected() -> tuple[type[Exception], ...]:
    """The exceptions that end a command with a message instead of a traceback."""
    from botocore.exceptions import BotoCoreError, ClientError

    from evergreen.errors import EvergreenError
    from local.cloud import CloudError, CloudNotRunning

    return EvergreenError, CloudError, CloudNotRunning, BotoCoreError, ClientError, OSError


def in_words(error: Exception) -> str:
    """The message for one of them."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        NoRegionError,
        SSOError,
        TokenRetrievalError,
    )

    if isinstance(error, NoCredentialsError):
        return "no AWS credentials: name a profile in AWS_PROFILE, or add --local for the embedded cloud"
    if isinstance(error, NoRegionError):
        return "no AWS region: name one in AWS_REGION, or add --local for the embedded cloud"
    if isinstance(error, SSOError | TokenRetrievalError | CredentialRetrievalError):
        return f"AWS: {error}. Log in again, and run the command again"
    if isinstance(error, ClientError):
        return f"AWS: {error}{_remedy(error.response['Error']['Code'])}"
    if isinstance(error, BotoCoreError):
        return f"AWS: {error}"
    return str(error)


def _remedy(code: str) -> str:
    if code in _EXPIRED:
        return ". The credentials have expired: log in again, and run the command again"
    if code in DENIED:
        return ". Ask an administrator for that permission: docs/grants.md lists what each command needs"
    if code in _THROTTLED:
        return ". Run the command again in a minute"
    return ""
