"""Failures that a user can act on, and what is said of each."""


def expected() -> tuple[type[Exception], ...]:
    """The exceptions that end a command with a message instead of a traceback."""
    from botocore.exceptions import BotoCoreError, ClientError

    from evergreen.errors import EvergreenError
    from local.errors import CloudError, CloudNotRunning

    return EvergreenError, CloudError, CloudNotRunning, BotoCoreError, ClientError, OSError


def in_words(error: Exception) -> str:
    """The message for one of them."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    if isinstance(error, NoCredentialsError):
        return "no AWS credentials: name a profile in AWS_PROFILE, or add --local for the embedded cloud"
    if isinstance(error, NoRegionError):
        return "no AWS region: name one in AWS_REGION, or add --local for the embedded cloud"
    if isinstance(error, BotoCoreError | ClientError):
        return f"AWS: {error}"
    return str(error)
