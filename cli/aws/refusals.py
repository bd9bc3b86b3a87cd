"""What a call to AWS that failed means, and what to do about it."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from botocore import exceptions as botocore
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}
_UNKNOWN_KEYS = {
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "UnrecognizedClientException",
}
_WRONG_SIGNATURE = {"IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"}
# A signature that is too old or of the future has the code of a wrong one, and says so in its message only.
_WRONG_TIME = re.compile(r"Signature (expired|not yet current)")
# S3 answers a HEAD request without a body, and so without a code of its own.
_DENIED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
}
_NO_SERVICE = {"OptInRequired", "SubscriptionRequiredException"}
_THROTTLED = {
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_ACTION = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>[^\s]+))?")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_ORGANISATION = re.compile(r"(service|resource) control policy")
_STACK = re.compile(r"evergreen-[a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """
    Attributes:
        what: what happened, as a sentence without a full stop.
        remedy: what to do; empty if only AWS's own words are known.
        action: the permission that is missing, as "states:StartExecution"; empty if it is about something else.
    """

    what: str
    remedy: str = ""
    action: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}" if self.remedy else self.what


# All that a call raises.
FAILURES = (BotoCoreError, ClientError, ResponseParserError)
Failure: TypeAlias = BotoCoreError | ClientError | ResponseParserError


def explain(error: Failure) -> Refusal:
    """Of an answer of AWS, or of a call that had none."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, ResponseParserError):
        return Refusal(
            what="what answered is not AWS: its answer cannot be read",
            remedy="a proxy may stand between: look at HTTPS_PROXY and NO_PROXY, and at AWS_ENDPOINT_URL if it is set",
        )
    for kind, meaning in _UNSENT.items():
        if isinstance(error, kind):
            return meaning(error)
    return Refusal(what=f"AWS: {error}")


def is_denied(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in _DENIED


def _profile() -> str:
    return os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"


def _answered(error: ClientError) -> Refusal:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in _EXPIRED:
        return Refusal(
            what="the AWS credentials have expired",
            remedy=f"sign in again (aws sso login --profile {_profile()}), or copy new temporary keys",
        )
    if code in _SKEWED or (code in _WRONG_SIGNATURE and _WRONG_TIME.search(message)):
        return Refusal(
            what=f"the clock of this machine is not AWS's ({message.rstrip('.')})",
            remedy="set it, for example with timedatectl set-ntp true; AWS allows five minutes",
        )
    if code in _UNKNOWN_KEYS:
        return Refusal(
            what=f"AWS does not know these keys ({code})",
            remedy=(
                "they may be deleted, or lack their AWS_SESSION_TOKEN: see aws configure list. In a region that is not "
                "enabled AWS says the same: see aws account list-regions"
            ),
        )
    if code in _WRONG_SIGNATURE:
        return Refusal(
            what=f"the secret key does not fit the key id ({code})",
            remedy="copy both again; a blank or a line break in AWS_SECRET_ACCESS_KEY is enough",
        )
    if code in _DENIED:
        return _denied(error, message)
    if code in _NO_SERVICE:
        return Refusal(
            what=f"the account may not use this service yet ({error.operation_name}: {code})",
            remedy="complete its registration in the AWS console; a new account can take a day",
        )
    if code in _THROTTLED:
        return Refusal(
            what=f"AWS throttles {error.operation_name}, also after retries", remedy="wait a minute and try again"
        )
    return Refusal(what=f"AWS: {error}")


def _denied(error: ClientError, message: str) -> Refusal:
    """Which permission is missing where, and who can give it."""
    found = _ACTION.search(message)
    action = found["action"] if found else error.operation_name
    resource = (found["resource"] or "").rstrip(".") if found else ""
    what = f"AWS denies {action}{f' on {resource}' if resource else ''}"
    if _ORGANISATION.search(message):
        return Refusal(
            what=f"{what} by a policy of the organisation",
            remedy="no policy of this account can allow it: ask those who administer the organisation",
            action=action,
        )
    if "permissions boundary" in message:
        return Refusal(
            what=f"{what} by a permissions boundary",
            remedy="the boundary of this user or role must allow it too: ask those who administer the account",
            action=action,
        )
    stack = _STACK.search(resource)
    policy = f"{stack[0] if stack else 'evergreen-<environment>'}-user"
    if "explicit deny" in message:
        return Refusal(
            what=f"{what} explicitly",
            remedy=f"a Deny of this user or role must go; the managed policy {policy} cannot overrule it",
            action=action,
        )
    return Refusal(
        what=what,
        remedy=f"attach the managed policy {policy}, the stack's output UserPolicy, to this user or role",
        action=action,
    )


def _sso(_error: BotoCoreError) -> Refusal:
    return Refusal(what="the SSO session has ended", remedy=f"aws sso login --profile {_profile()}")


def _login(_error: BotoCoreError) -> Refusal:
    return Refusal(what="the AWS sign-in has ended", remedy=f"aws login --profile {_profile()}")


def _unreachable(error: BotoCoreError) -> Refusal:
    address = error.kwargs.get("endpoint_url", "AWS")
    return Refusal(
        what=f"{address} does not answer ({type(error).__name__})",
        remedy="look at the network, at HTTPS_PROXY and NO_PROXY, and at AWS_ENDPOINT_URL if it is set",
    )


def _untrusted(error: BotoCoreError) -> Refusal:
    return Refusal(
        what=f"the certificate of {error.kwargs.get('endpoint_url', 'AWS')} is not trusted ({error.kwargs['error']})",
        remedy="behind a proxy that opens TLS, name its certificate authority in AWS_CA_BUNDLE",
    )


# Calls that got no answer. The first class that fits is taken, so that a subclass stands before its parent.
_UNSENT: dict[type[BotoCoreError], Callable[[BotoCoreError], Refusal]] = {
    botocore.NoCredentialsError: lambda _: Refusal(
        what="no AWS credentials", remedy="name a profile in AWS_PROFILE, or add --local for the embedded cloud"
    ),
    botocore.PartialCredentialsError: lambda error: Refusal(
        what=f"the AWS credentials lack {error.kwargs['cred_var']}", remedy="set it, or name a profile in AWS_PROFILE"
    ),
    botocore.NoRegionError: lambda _: Refusal(
        what="no AWS region", remedy="name one in AWS_REGION, or add --local for the embedded cloud"
    ),
    botocore.InvalidRegionError: lambda error: Refusal(
        what=f"{error.kwargs['region_name']!r} is no AWS region", remedy="correct AWS_REGION"
    ),
    botocore.ProfileNotFound: lambda error: Refusal(
        what=f"there is no AWS profile {error.kwargs['profile']!r}",
        remedy="correct AWS_PROFILE; aws configure list-profiles names those that there are",
    ),
    botocore.ConfigParseError: lambda error: Refusal(
        what=f"{error.kwargs['path']} cannot be read", remedy="correct it, or name another file in AWS_CONFIG_FILE"
    ),
    botocore.TokenRetrievalError: _sso,
    botocore.SSOError: _sso,
    botocore.LoginError: _login,
    botocore.CredentialRetrievalError: lambda error: Refusal(
        what=f"the credentials could not be had from {error.kwargs['provider']}: {error.kwargs['error_msg']}",
        remedy=f"run the credential_process of the profile {_profile()} by hand and see what it says",
    ),
    botocore.SSLError: _untrusted,
    botocore.ProxyConnectionError: lambda error: Refusal(
        what=f"the proxy {error.kwargs['proxy_url']} does not answer", remedy="correct HTTPS_PROXY, or set NO_PROXY"
    ),
    botocore.ConnectionError: _unreachable,
    botocore.HTTPClientError: _unreachable,
}
