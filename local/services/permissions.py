"""The resource that a permission is asked for, and what a condition asks of it, where ministack does not know it."""

from collections.abc import Callable

from local import engine

# Headers, body, region and account of a request to the ARN, or to None where ministack's own is right.
Resource = Callable[[dict, bytes, str, str], str | None]


def name_resources(of_service: str, resource: Resource) -> None:
    """Let policies be held against the ARNs that `resource` finds in the requests to a service."""
    known = engine.EXTRACT_RESOURCE_ARN.get()

    def extract(
        service: str,
        method: str,
        path: str,
        headers: dict,
        body: bytes,
        query_params: dict,
        region: str,
        account_id: str,
    ) -> str:
        named = resource(headers, body, region, account_id) if service == of_service else None
        return named or known(service, method, path, headers, body, query_params, region, account_id)

    engine.EXTRACT_RESOURCE_ARN.replace(extract)


def add_conditions(of_service: str, of_action: str, keys: Callable[[bytes], dict[str, str]]) -> None:
    """Let conditions of policies be held against what a request says.

    Args:
        keys: of a request's body, the condition keys with their values.
    """
    known = engine.REQUEST_CONTEXT.get()

    def context(service: str, iam_action: str, body: bytes, params: dict) -> dict:
        found = keys(body) if (service, iam_action.rpartition(":")[2]) == (of_service, of_action) else {}
        return {**known(service, iam_action, body, params), **found}

    engine.REQUEST_CONTEXT.replace(context)
