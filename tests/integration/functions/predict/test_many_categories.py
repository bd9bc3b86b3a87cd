"""A model that encodes a category of many texts by its target answers, warns, records and describes itself."""

import json
import timeit
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder

from evergreen import portable
from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.versions.bundle import ServableModel
from tests.integration.functions.predict.serving import FakeModels

STREETS = tuple(sorted(f"Straße {code}" for code in range(5000)))


@pytest.fixture(scope="module")
def fitted():
    random = np.random.default_rng(0)
    codes = np.concatenate([np.arange(5000), random.integers(0, 5000, 20_000)])
    table = pd.DataFrame({"street": np.array(STREETS, dtype=object)[codes]})
    table.loc[::50, "street"] = np.nan
    target = random.normal(codes % 100, 1.0)
    return make_pipeline(TargetEncoder(target_type="continuous"), LinearRegression()).fit(table, target)


@pytest.fixture(scope="module")
def champion(fitted):
    street = Feature(name="street", type="category", missing_allowed=True, categories=STREETS, example=STREETS[0])
    contract = Contract.from_json(Contract(task="regression", target="price", features=(street,)).to_json())
    document = json.loads(json.dumps(portable.export(fitted), allow_nan=False))
    return FakeModels(model=ServableModel(contract, portable.load(document, ["street"])))


def test_known_unknown_and_missing_texts_are_answered_as_scikit_learn_does(call, fitted, champion):
    texts = [STREETS[7], STREETS[4999], "Straße 5000", None]
    answer = call({"instances": [{"street": text} for text in texts]}, models=champion)

    predicted = fitted.predict(pd.DataFrame({"street": [np.nan if text is None else text for text in texts]}))
    assert [row["prediction"] for row in answer.body["predictions"]] == pytest.approx(predicted.tolist(), rel=1e-12)
    assert [len(row.get("warnings", [])) for row in answer.body["predictions"]] == [0, 0, 1, 0]
    (line,) = answer.logs
    assert [row["features"]["street"] for row in line["rows"]] == texts
    assert line["rows"][2]["unusual"] == [{"feature": "street", "kind": "unseen"}]


def test_the_description_of_the_endpoint_names_some_texts_and_the_contract_all(call, champion):
    described = call(path="/openapi.json", method="GET", models=champion).body
    street = described["components"]["schemas"]["Features"]["properties"]["street"]

    assert street["description"].startswith("in training: Straße 0, Straße 1, Straße 10, ")
    assert street["description"].endswith(" and 4745 more")
    contract = call(path="/model", method="GET", models=champion).body["contract"]
    assert contract["features"][0]["categories"] == list(STREETS)


def test_the_last_of_many_texts_is_known_as_fast_as_the_first(champion):
    feature = champion.model.contract.features[0]
    # Not the objects of the contract, which would be found by their identity.
    first, last = (f"{text} "[:-1] for text in (STREETS[0], STREETS[-1]))
    fast, slow = (min(timeit.repeat(partial(feature.unusual, text), number=50, repeat=20)) for text in (first, last))

    assert feature.unusual(last) is None
    assert slow < 10 * fast
