"""Validates requests by the published API model of their service, as the service does.

botocore checks types and required members. It leaves patterns, lengths, ranges and enumerations to the service. They
are checked here, since a name that is one character too long must be rejected.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

import botocore.loaders
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

# The model's patterns are Java's. `re` has no Unicode categories; these replacements match as much or a little more.
_CATEGORIES = {r"\p{Alnum}": r"\w", r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}


class InvalidRequest(ValueError):
    """A request that the service would reject with a ValidationException; the message names every fault."""


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The API model of a service, by botocore's name of it."""
    return ServiceModel(botocore.loaders.create_loader().load_service_model(service, "service-2"), service)


def validate(service: str, operation: str, request: dict[str, Any]) -> None:
    """Raises InvalidRequest if the service's `operation` does not accept `request`."""
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise InvalidRequest(report.generate_report())
    faults = list(_faults(request, shape, ""))
    if faults:
        count = "1 validation error" if len(faults) == 1 else f"{len(faults)} validation errors"
        raise InvalidRequest(f"{count} detected: " + "; ".join(faults))


def _faults(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """AWS's wording of each violated constraint in `value`, depth first."""
    if shape.type_name == "structure":
        for name, item in value.items():
            member = name[:1].lower() + name[1:]
            yield from _faults(item, shape.members[name], f"{path}.{member}" if path else member)
    elif shape.type_name == "list":
        yield from _size_faults(value, len(value), shape, path)
        for index, item in enumerate(value, start=1):
            yield from _faults(item, shape.member, f"{path}.{index}.member")
    elif shape.type_name == "map":
        yield from _size_faults(value, len(value), shape, path)
        for key, item in value.items():
            yield from _faults(key, shape.key, f"{path}.key")
            yield from _faults(item, shape.value, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _size_faults(value, len(value), shape, path)
        yield from _string_faults(value, shape, path)
    elif shape.type_name in ("integer", "long", "float", "double") and value > shape.metadata.get("max", value):
        # botocore checks the least value itself.
        yield _fault(value, path, f"Member must have value less than or equal to {shape.metadata['max']}")


def _size_faults(value: Any, size: int, shape: Shape, path: str) -> Iterator[str]:
    for bound, word, violated in (
        ("min", "greater", lambda limit: size < limit),
        ("max", "less", lambda limit: size > limit),
    ):
        if bound in shape.metadata and violated(shape.metadata[bound]):
            yield _fault(value, path, f"Member must have length {word} than or equal to {shape.metadata[bound]}")


def _string_faults(value: str, shape: Shape, path: str) -> Iterator[str]:
    pattern, allowed = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _fault(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if allowed and value not in allowed:
        yield _fault(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for category, equivalent in _CATEGORIES.items():
        pattern = pattern.replace(category, equivalent)
    try:
        return re.compile(pattern)
    except re.error:
        # The pattern of one member, an Athena catalogue's name, uses UTF-16 surrogates: it is not checked.
        return re.compile(".*", re.DOTALL)


def _fault(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
