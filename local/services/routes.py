"""A request that no route of an API matches is answered 404, whoever sends it.

Authorization belongs to a route: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html.
ministack asks for a permission first.
"""

from local import engine

# The type of a route that asks for none.
_NONE = "NONE"


def install() -> None:
    known = engine.AUTHORIZATION_OF_ROUTE.get()

    def authorization(api_id: str, stage: str, method: str, execute_path: str) -> str:
        return known(api_id, stage, method, execute_path) or _NONE

    engine.AUTHORIZATION_OF_ROUTE.replace(authorization)
