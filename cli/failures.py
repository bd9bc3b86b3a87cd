"""Failures that a user can act on, and what is said of each."""


def expected() -> tuple[type[Exception], ...]:
    """The exceptions that end a command with a message instead of a traceback."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    from evergreen.errors import EvergreenError
    from local.errors import CloudError, CloudNotRunning

    return EvergreenError, CloudError, CloudNotRunning, BotoCoreError, ClientError, ResponseParserError, OSError


def in_words(error: Exception) -> str:
    """The message for one of them."""
    from cli.aws.refusals import FAILURES, explain

    if isinstance(error, FAILURES):
        return str(explain(error))
    return str(error)
