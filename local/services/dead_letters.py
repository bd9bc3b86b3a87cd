"""Dead-letter queues of functions in templates: ministack supports them, but its CloudFormation ignores them."""

from typing import Any

from local import engine

_FUNCTION = "AWS::Lambda::Function"


def install() -> None:
    handlers = engine.RESOURCE_HANDLERS.get()[_FUNCTION]
    create = handlers["create"]

    def create_with_queue(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        name, attributes = create(logical_id, properties, stack_name)
        if queue := properties.get("DeadLetterConfig"):
            engine.FUNCTIONS.get()[name]["config"]["DeadLetterConfig"] = queue
        return name, attributes

    handlers["create"] = create_with_queue
