"""An endpoint without a cloud, which takes and refuses rows and labels as the deployed one does."""

import json
import uuid

from cli.aws.endpoint import RequestRefused
from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from functions.predict.body import MAX_BODY_BYTES, MAX_ROWS


def contract(*, classes=(), **types):
    """A contract of features by name and type; each may be missing, except one whose type ends with an `!`."""
    features = tuple(
        Feature(name=name, type=kind.rstrip("!"), missing_allowed=not kind.endswith("!"))
        for name, kind in types.items()
    )
    task = "classification" if classes else "regression"
    return Contract(task=task, target="price", features=features, classes=tuple(classes), missing=("", "NA"))


class FakeEndpoint:
    """Predicts the JSON of each row. `bodies` are the requests, accepted or not."""

    def __init__(self, contract):
        self.contract = contract
        self.bodies = []

    def model(self):
        return {"name": "houses", "contract": json.loads(self.contract.to_json())}

    def predict(self, body):
        rows = self._take(body, "instances")
        # Numbers that no float32 holds are refused by some estimators, and by no contract.
        self._refuse(_huge(rows, "instances"))
        return {"predictions": [self._scored(row) for row in rows]}

    def feedback(self, body):
        labels = self._take(body, "labels")
        self._refuse(_huge(labels, "labels"))
        return {"accepted": len(labels)}

    def _scored(self, row):
        answer = {"prediction": json.dumps(row), "prediction_id": str(uuid.uuid4())}
        if classes := self.contract.classes:
            answer |= {"prediction": classes[0], "probabilities": {name: 1 / len(classes) for name in classes}}
        return answer

    def _take(self, body, group):
        self.bodies.append(body)
        assert len(json.dumps(body).encode()) <= MAX_BODY_BYTES
        assert body.keys() == {group}
        assert 1 <= len(body[group]) <= MAX_ROWS
        return body[group]

    def _refuse(self, wrong):
        errors = [
            {"field": field, "got": json.dumps(value), "expected": "something else"} for field, value in wrong.items()
        ]
        if errors:
            raise RequestRefused(422, {"detail": "wrong", "errors": errors[:100]})


def _huge(rows, group):
    return {
        f"{group}[{place}].{name}": value
        for place, row in enumerate(rows)
        for name, value in row.items()
        if isinstance(value, float) and abs(value) > 1e38
    }


def installed(monkeypatch, verb, **options):
    """A fake endpoint that a verb's module finds in place of the deployed one.

    Args:
        options: of the contract.
    """
    fake = FakeEndpoint(contract(**options))
    monkeypatch.setattr(verb, "Endpoint", lambda _target: fake)
    monkeypatch.setattr(verb.Target, "choose", lambda *_, **__: None)
    return fake
