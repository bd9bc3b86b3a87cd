"""An endpoint that speaks every protocol, with a champion of each task whose rows have every type of feature."""

import base64
import json
from types import SimpleNamespace

import pytest

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.versions.bundle import ServableModel
from tests.integration.functions.predict.serving import FakeModels

FEATURES = (
    Feature(name="city", type="category", missing_allowed=False, categories=("Austin", "Waco"), example="Austin"),
    Feature(name="rooms", type="number", missing_allowed=False, minimum=1, maximum=9, example=3.0),
    Feature(name="garden", type="number", missing_allowed=True, minimum=0, maximum=900, example=200.0),
    Feature(name="new", type="category", missing_allowed=True, categories=("false", "true"), example="true"),
    Feature(
        name="sold", type="date", form="day", missing_allowed=False, minimum=0.0, maximum=2e9, example="2020-05-31"
    ),
)
# Their answers are words, though they say that they are JSON: as MLflow's are.
TEXTS = ("/ping", "/version")
REGRESSION = Contract(task="regression", target="price", features=FEATURES, missing=("",))
CLASSIFICATION = Contract(
    task="classification", target="size", features=FEATURES, missing=("",), classes=("large", "small")
)
ROW = {"city": "Austin", "rooms": 3, "garden": 200.5, "new": True, "sold": "2020-05-31"}
OTHER = {"city": "Waco", "rooms": 7, "garden": None, "new": False, "sold": "1999-01-01"}


class Price:
    """Depends on every feature of its row, so that no two can be taken for each other."""

    def predict(self, row):
        city, rooms, garden, new, sold = row
        garden = 0.0 if garden is None or garden != garden else garden
        # As a real scorer, it has a finite answer to every finite row.
        rooms, garden = min(rooms, 1e12), min(garden, 1e12)
        return rooms * 1000 + garden + (0.25 if city == "Waco" else 0.5) + (0.125 if new == "true" else 0) + sold / 1e12

    def probabilities(self, _row):
        return None


class Size:
    def predict(self, row):
        return "large" if row[1] > 4 else "small"

    def probabilities(self, row):
        return [row[1] / 10, 1 - row[1] / 10]


class Server:
    """Asks the handler as the gateway would."""

    def __init__(self, call, module):
        self._call, self._module = call, module
        self.models = FakeModels(model=ServableModel(REGRESSION, Price()))
        self.classifier = FakeModels(model=ServableModel(CLASSIFICATION, Size()))

    def ask(self, method, path, body=None, *, classifies=False, models=None, headers=None, raw=None):
        route, parameters = self._route(method, path)
        changes = {"routeKey": route, "pathParameters": parameters, "headers": headers or {}}
        if raw is not None:
            body, changes["isBase64Encoded"] = base64.b64encode(raw).decode(), True
        champion = models or (self.classifier if classifies else self.models)
        return self._call(body, path=path, method=method, models=champion, parse=path not in TEXTS, **changes)

    def _route(self, method, path):
        for route in self._module.protocols():
            wanted, pattern = route.split()
            parts, given = pattern.split("/"), path.split("/")
            if wanted == method and len(parts) == len(given):
                pairs = list(zip(parts, given, strict=True))
                if all(part == value or part.startswith("{") for part, value in pairs):
                    return route, {part[1:-1]: value for part, value in pairs if part.startswith("{")}
        return f"{method} {path}", {}


@pytest.fixture
def server(call, monkeypatch):
    import functions.predict.handler as module

    monkeypatch.setenv(names.PROTOCOLS, ",".join(names.PROTOCOL_ROUTES))
    module.protocols.cache_clear()
    yield Server(call, module)
    module.protocols.cache_clear()


def own(server, rows):
    """What POST /predict answers to the same rows."""
    answer = server._call(json.dumps({"instances": rows}), models=server.models)
    return SimpleNamespace(predictions=[each["prediction"] for each in answer.body["predictions"]], answer=answer)
