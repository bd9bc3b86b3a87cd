"""What make up shows of the model that it has trained."""

import json
import shlex

from cli.aws.endpoint import RequestRefused
from cli.verbs.up import example


class FakeEndpoint:
    def __init__(self, *features):
        self.features = [{"name": name, "example": value} for name, value in features]

    def model(self):
        if not self.features:
            raise RequestRefused(503, {"detail": "There is no model yet"})
        return {"contract": {"features": self.features}}


def test_the_example_is_a_row_of_the_champions_own_contract_that_a_shell_can_take():
    words = shlex.split(example(FakeEndpoint(("town", "Val d'Isère"), ("rooms", 3.0), ("sold", "true"))))

    assert words[0] == "-d"
    assert json.loads(words[1]) == {"features": {"town": "Val d'Isère", "rooms": 3.0, "sold": "true"}}


def test_without_a_champion_there_is_no_example():
    assert example(FakeEndpoint()) == ""
