"""A request in another protocol, and what its translator may ask of the endpoint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from evergreen.errors import FieldError
from evergreen.quoting import quoted
from functions.predict.answers import Answer, success
from functions.predict.body import MalformedRequest, read_json
from functions.predict.models import Served
from functions.predict.scoring import PredictRequest, ScoredRow

# Statuses of POST /predict that a protocol with plain errors knows by another one.
_STATUSES = {413: 400, 415: 400, 422: 400}


class NotServed(Exception):
    """The path names another model or version than the one that serves. Maps to 404."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """
    Attributes:
        name: of the model that the endpoint serves.
        champion: what serves; raises NoChampion if nothing does.
        score: the predictions of rows, counted and recorded as those of POST /predict.
    """

    event: dict[str, Any]
    name: str
    champion: Callable[[], Served]
    score: Callable[[Served, PredictRequest], list[ScoredRow]]

    @property
    def route(self) -> str:
        return str(self.event["routeKey"])

    def path(self, parameter: str) -> str:
        """A parameter of the path as the caller meant it; empty if the route has none of that name."""
        return unquote((self.event.get("pathParameters") or {}).get(parameter, ""))

    def header(self, name: str) -> str:
        """A header by its name in lower case; empty if it was not sent."""
        return str((self.event.get("headers") or {}).get(name, ""))

    def require_served(self, model: str, version: str) -> Served:
        """
        Args:
            version: empty if any will do.

        Raises:
            NotServed: another model, or another version of it, serves.
            NoChampion: none does.
        """
        if model != self.name:
            raise NotServed(f"Model {model} not found: this endpoint serves {self.name}")
        served = self.champion()
        if version not in ("", served.champion.version):
            raise NotServed(
                f"Model {model} with version {version} not found: this endpoint serves version "
                f"{served.champion.version}"
            )
        return served

    def document(self) -> Any:
        """The body, in which NaN stands for a missing value, as clients of these protocols write it.

        Raises:
            MalformedRequest: it is no JSON, or beyond a limit.
        """
        return read_json(self.event, nan_is_null=True)


class Translator(Protocol):
    """What the module of a protocol has."""

    def respond(self, call: Call) -> Answer:
        """
        Raises:
            MalformedRequest, InvalidRow, NoChampion, NotServed: each becomes what `error` makes of it.
        """

    def error(self, status: int, message: str, errors: Sequence[FieldError] = ()) -> Answer:
        """The answer to what went wrong, in the protocol's own form. `status` is that of POST /predict."""


def plain_error(status: int, message: str, _errors: Sequence[FieldError] = ()) -> Answer:
    """`Translator.error` of the protocols whose errors are a message alone."""
    return success({"error": message}, status=_STATUSES.get(status, status))


def require_known(document: Mapping[str, Any], known: Sequence[str]) -> None:
    """
    Raises:
        MalformedRequest: the body has another key, which would do nothing.
    """
    if unknown := [name for name in document if name not in known]:
        raise MalformedRequest(
            f"the body has the unknown key {quoted(unknown[0])}; it may have {', '.join(known)}", quotes=True
        )
