"""The part of the OpenAPI document that only a model with stored features has: rows that name entities."""

from typing import Any

from evergreen.contract.contract import Contract
from evergreen.feature_store.views import Typed
from functions.predict.entities import served

# By the type of a join key.
_KEYS: dict[str, dict[str, Any]] = {
    "string": {"type": "string", "pattern": r"\S"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "bytes": {"type": "string", "contentEncoding": "base64", "minLength": 1},
    "unix_timestamp": {"type": ["string", "integer"], "description": "ISO 8601, or seconds since 1970"},
}


def entity_row(contract: Contract, features: dict[str, Any]) -> dict[str, Any]:
    """
    Args:
        features: the schema of a row that holds them all.
    """
    keys = {key.name: key for view in contract.stored for key in view.keys}
    given = {name for names in served(contract).values() for name in names}
    return {
        "type": "object",
        "required": ["entities"],
        "additionalProperties": False,
        "properties": {
            "entities": {
                "type": "object",
                "description": "The join keys of every view of which a feature is not sent",
                "additionalProperties": False,
                "properties": {name: _key(key, features) for name, key in keys.items()},
            },
            "features": {
                **features,
                "description": "What is sent is taken in place of what is stored",
                "required": [name for name in features["required"] if name not in given and name not in keys],
            },
        },
    }


def _key(key: Typed, features: dict[str, Any]) -> dict[str, Any]:
    """A join key that is also a feature has its example."""
    examples = features["properties"].get(key.name, {}).get("examples")
    return {**_KEYS[key.type], **({"examples": examples} if examples and key.type == "string" else {})}
