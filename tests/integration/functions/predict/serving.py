"""Champions for the tests of the predict function: of a fixed contract, with scorers that are easy to follow."""

from types import SimpleNamespace

from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.versions.bundle import ServableModel
from evergreen.versions.champion import Champion
from functions.predict.models import Served

CONTEXT = SimpleNamespace(
    function_name="predict", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="request-1"
)
CONTRACT = Contract(
    task="regression",
    target="price",
    features=(
        Feature(name="city", type="category", missing_allowed=False, categories=("Austin",), example="Austin"),
        Feature(name="rooms", type="number", missing_allowed=False, minimum=1, maximum=9, example=3.0),
    ),
)
ROW = {"city": "Austin", "rooms": 3}


class RoomsTimesTen:
    """A scorer whose answer depends on its row."""

    def predict(self, row):
        return row[1] * 10

    def probabilities(self, _row):
        return None


class FakeModels:
    """Holds a champion, or raises instead."""

    name = "houses"

    def __init__(self, error=None, look=None, model=None):
        self.error = error
        self.look = look
        self.model = model or ServableModel(CONTRACT, RoomsTimesTen())

    def take_look(self):
        return self.look

    def metrics(self, _served):
        return {"metric": "mae"}

    def champion(self):
        if self.error:
            raise self.error
        champion = Champion(version="v7", bundle="b/", digest="d" * 64, promoted_at="2026-01-01T00:00:00+00:00")
        return Served(champion, "etag", self.model)


class SmallOrLarge:
    """A classifier by the number of rooms."""

    def predict(self, row):
        return "large" if row[1] > 4 else "small"

    def probabilities(self, row):
        return [row[1] / 10, 1 - row[1] / 10]


def value(metrics, name):
    return metrics[name][0]


# The credentials and the model that the S3 of the tests knows.
SECRETS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
MODEL_NAME = "houses"
