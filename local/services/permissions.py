"""The resource that a permission is asked for, where ministack does not know it."""

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
