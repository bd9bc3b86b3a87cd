"""A model with a feature store for the tests of the predict function, and a DynamoDB that is easy to follow."""

import dataclasses
from datetime import UTC, datetime, timedelta

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.feature_store.online_table import item
from evergreen.feature_store.views import Typed, View
from evergreen.versions.bundle import ServableModel
from functions.online_store.dynamodb import DynamoDB
from functions.online_store.stored_rows import StoredRows
from tests.integration.functions.predict.serving import SECRETS, FakeModels

PROJECT = "houses_dev"
SALES = View(
    name="city_sales",
    keys=(Typed("city", "string"),),
    features=(
        Typed("sales", "double"),
        Typed("listings", "int64"),
        Typed("hot", "bool"),
        Typed("counted", "unix_timestamp"),
        Typed("not in the model", "double"),
    ),
    ttl_seconds=30 * 86_400,
)
AGENT = View(
    name="agent", keys=(Typed("office", "string"), Typed("desk", "int32")), features=(Typed("score", "float"),)
)
CONTRACT = Contract(
    task="regression",
    target="price",
    features=(
        Feature(name="city", type="category", missing_allowed=False, categories=("Austin", "Waco"), example="Austin"),
        Feature(name="rooms", type="number", missing_allowed=False, minimum=1, maximum=9, example=3.0),
        Feature(name="sales", type="number", missing_allowed=True, minimum=0, maximum=900, example=400.0),
        Feature(name="listings", type="number", missing_allowed=True, minimum=0, maximum=900, example=40.0),
        Feature(name="hot", type="category", missing_allowed=True, categories=("false", "true"), example="true"),
        Feature(name="counted", type="date", form="day", missing_allowed=True, minimum=0.0, maximum=2e9),
        Feature(name="score", type="number", missing_allowed=True, minimum=0, maximum=1, example=0.5),
    ),
    missing=("",),
    stored=(SALES, AGENT),
)
# As contracts are whose training has seen no gaps.
STRICT = dataclasses.replace(
    CONTRACT, features=tuple(dataclasses.replace(feature, missing_allowed=False) for feature in CONTRACT.features)
)
YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
AUSTIN = {
    "sales": 412.5,
    "listings": 37,
    "hot": True,
    "counted": datetime(2026, 10, 1, tzinfo=UTC),
}
# What the rows of a request have in common.
DESK = {"office": "Köln", "desk": 7}
STORED = {**AUSTIN, "hot": "true", "counted": "2026-10-01"}
FULL = {"city": "Austin", "rooms": 3, "sales": 1.0, "listings": 2, "hot": False, "counted": "2026-10-02", "score": 0.5}


class Sum:
    """A scorer in which every number counts."""

    def predict(self, row):
        return sum(value for value in row[1:4] if isinstance(value, float) and value == value)

    def probabilities(self, _row):
        return None


def houses(contract=CONTRACT):
    return FakeModels(model=ServableModel(contract, Sum()))


class FakeDynamoDB:
    """Answers BatchGetItem from items in memory, and remembers what it was asked."""

    def __init__(self, error=None):
        self.error = error
        self.tables = {}
        self.asked = []

    def put(self, view, key_row, values, event=YESTERDAY):
        written = item(view, key_row, values, event)
        self.tables.setdefault(names.online_table(PROJECT, view.name), {})[written["entity_id"]["S"]] = written

    def begin(self):
        pass

    def pause(self, _round):
        pass

    def batch_get_item(self, RequestItems):
        ((table, wanted),) = RequestItems.items()
        ids = [key["entity_id"]["S"] for key in wanted["Keys"]]
        self.asked.append((table, len(ids)))
        if self.error:
            raise self.error
        found = self.tables.get(table, {})
        return {"Responses": {table: [found[id_] for id_ in ids if id_ in found]}, "UnprocessedKeys": {}}


def store_of(dynamodb, *, refuses=False):
    return StoredRows(dynamodb, PROJECT, key_version=3, refuses=refuses)


def dynamodb_at(address):
    return DynamoDB(environment={**SECRETS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": address})
