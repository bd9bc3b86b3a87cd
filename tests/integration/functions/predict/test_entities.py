"""POST /predict with entities: what the feature store adds, what of it is answered, recorded and counted."""

import dataclasses
import json
import math
from datetime import UTC, datetime, timedelta

import pytest

from evergreen import names
from evergreen.contract.feature import Feature
from evergreen.feature_store.views import Typed, View
from functions.online_store.dynamodb import StoreFailed
from functions.predict.records import LogPolicy
from tests.integration.functions.predict.houses_store import (
    AGENT,
    AUSTIN,
    CONTRACT,
    DESK,
    FULL,
    SALES,
    STORED,
    STRICT,
    YESTERDAY,
    FakeDynamoDB,
    houses,
    store_of,
)
from tests.integration.functions.predict.serving import ROW, value

ENTITIES = {"city": "Austin", **DESK}


@pytest.fixture
def dynamodb():
    fake = FakeDynamoDB()
    fake.put(SALES, {"city": "Austin"}, AUSTIN)
    fake.put(AGENT, DESK, {"score": 0.25})
    return fake


@pytest.fixture
def ask(call, dynamodb):
    """POST /predict to a model with a feature store."""

    def asked(body, *, contract=CONTRACT, refuses=False, **more):
        return call(body, models=houses(contract), store=store_of(dynamodb, refuses=refuses), **more)

    return asked


def test_a_row_of_entities_is_answered_as_the_full_row_is(ask):
    by_entity = ask({"entities": ENTITIES, "features": {"rooms": 3}})
    by_features = ask({"features": {"city": "Austin", "rooms": 3, **STORED, "score": 0.25, "counted": "2026-10-01"}})

    assert by_entity.status == 200
    assert by_entity.body["prediction"] == by_features.body["prediction"] == 3 + 412.5 + 37
    assert "warnings" not in by_entity.body
    (one,), (other,) = by_entity.logs[0]["rows"], by_features.logs[0]["rows"]
    assert one["features"] == other["features"]
    assert "stored" not in other


def test_instances_may_be_of_either_form_beside_each_other(ask, dynamodb):
    rows = [
        {"entities": ENTITIES, "features": {"rooms": 1}},
        FULL,
        {"entities": ENTITIES, "features": {"rooms": 2}},
    ]
    answer = ask({"instances": rows})

    assert [row["prediction"] for row in answer.body["predictions"]] == [450.5, 6.0, 451.5]
    # A view is asked once, and an entity too.
    assert dynamodb.asked == [("houses_dev.city_sales", 1), ("houses_dev.agent", 1)]


def test_what_the_caller_sends_wins_and_what_is_sent_whole_is_not_read(ask, dynamodb):
    answer = ask({"entities": {"city": "Austin"}, "features": {"rooms": 3, "sales": 1, "score": None, "hot": False}})

    (row,) = answer.logs[0]["rows"]
    assert row["features"] == {
        "city": "Austin",
        "rooms": 3,
        "sales": 1,
        "listings": 37,
        "hot": "false",
        "counted": "2026-10-01",
        "score": None,
    }
    assert dynamodb.asked == [("houses_dev.city_sales", 1)]
    assert row["stored"] == {
        "city_sales": {"entities": {"city": "Austin"}, "event": YESTERDAY.isoformat(), "sent": ["sales", "hot"]}
    }
    assert ask({"entities": {}, "features": FULL}).status == 200
    assert len(dynamodb.asked) == 1


def test_the_record_says_where_each_value_comes_from(ask):
    (line,) = ask({"entities": ENTITIES, "features": {"rooms": 3}}).logs

    assert line["rows"][0]["stored"] == {
        "city_sales": {"entities": {"city": "Austin"}, "event": YESTERDAY.isoformat()},
        "agent": {"entities": DESK, "event": YESTERDAY.isoformat()},
    }
    assert datetime.fromisoformat(line["rows"][0]["stored"]["agent"]["event"]) == YESTERDAY


def test_what_is_left_out_of_the_log_is_left_out_of_the_entities_too(ask):
    policy = LogPolicy(1.0, frozenset({"city", "office"}))
    (line,) = ask({"entities": ENTITIES, "features": {"rooms": 3}}, policy=policy).logs

    assert "Austin" not in json.dumps(line)
    assert "K\\u00f6ln" not in json.dumps(line)
    assert line["rows"][0]["stored"]["agent"]["entities"] == {"desk": 7}


def test_stored_values_come_in_the_form_that_the_contract_takes(ask, dynamodb):
    codes = dataclasses.replace(
        CONTRACT,
        features=tuple(
            Feature(name="listings", type="category", missing_allowed=False, categories=("37",), example="37")
            if feature.name == "listings"
            else feature
            for feature in CONTRACT.features
        ),
    )
    dynamodb.put(SALES, {"city": "Waco"}, {**AUSTIN, "sales": math.inf, "counted": datetime(2026, 10, 1, 13, 30)})
    (row,) = ask({"entities": ENTITIES, "features": {"rooms": 3}}, contract=codes).logs[0]["rows"]
    waco = ask({"entities": {**ENTITIES, "city": "Waco"}, "features": {"rooms": 3}})

    assert row["features"]["listings"] == "37"
    assert waco.status == 422
    assert waco.body["errors"] == [
        {
            "field": "features.sales",
            "got": "Infinity: as the view city_sales has it",
            "expected": "a finite number or null",
        }
    ]
    sent = {"entities": {**ENTITIES, "city": "Waco"}, "features": {"rooms": 3, "sales": 1}}
    (row,) = ask(sent).logs[0]["rows"]
    assert row["features"]["counted"] == "2026-10-01T13:30:00", "a time of the day is not cut off"


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize(("event", "said"), [(None, "is not there"), (timedelta(days=40), "40 days old")])
def test_a_missing_or_stale_entity_is_imputed_or_refused_as_the_settings_say(ask, dynamodb, refuses, event, said):
    if event:
        dynamodb.put(SALES, {"city": "Waco"}, AUSTIN, datetime.now(UTC) - event)
    answer = ask({"entities": {**ENTITIES, "city": "Waco"}, "features": {"rooms": 3}}, refuses=refuses)

    assert value(answer.metrics, names.MISSING_ENTITIES) == (event is None)
    assert value(answer.metrics, names.STALE_ENTITIES) == (event is not None)
    assert value(answer.metrics, names.FEATURE_READ_FAILURES) == 0
    if refuses:
        assert answer.status == 422
        (error,) = answer.body["errors"]
        assert error["field"] == "entities.city"
        assert error["got"] == 'city "Waco"'
        assert "city_sales" in error["expected"]
        assert event is None or ("40 days" in error["expected"] and "30 days" in error["expected"])
    else:
        assert answer.status == 200
        (warning,) = answer.body["warnings"]
        assert said in warning
        assert 'city "Waco"' in warning
        (row,) = answer.logs[0]["rows"]
        assert row["features"]["sales"] is None
        assert (row["stored"]["city_sales"]["event"] is None) == (event is None)


def test_where_the_contract_takes_no_null_a_missing_entity_is_refused_with_the_reason(ask):
    answer = ask({"entities": {**ENTITIES, "city": "Waco"}, "features": {"rooms": 3}}, contract=STRICT)

    assert answer.status == 422
    assert {error["field"] for error in answer.body["errors"]} == {
        f"features.{name}" for name in ("sales", "listings", "hot", "counted")
    }
    assert {error["got"] for error in answer.body["errors"]} == {"null: the view city_sales does not have the entity"}


def test_a_null_in_the_store_is_a_missing_value(ask, dynamodb):
    dynamodb.put(SALES, {"city": "Austin"}, {**AUSTIN, "sales": None})
    sent = {"entities": ENTITIES, "features": {"rooms": 3}}

    assert ask(sent).body["prediction"] == 40
    assert [error["got"] for error in ask(sent, contract=STRICT).body["errors"]] == [
        "null: as the view city_sales has it"
    ]


@pytest.mark.parametrize("refuses", [False, True])
def test_a_store_that_does_not_answer_costs_the_features_but_never_the_answer(ask, dynamodb, refuses):
    dynamodb.error = StoreFailed("DynamoDB answered 400 ThrottlingException")
    sent = {"entities": ENTITIES, "features": {"rooms": 3}}
    imputed, strict = ask(sent, refuses=refuses), ask(sent, refuses=refuses, contract=STRICT)

    assert imputed.status == 200
    assert imputed.body["prediction"] == 3
    assert [warning.partition(":")[0] for warning in imputed.body["warnings"]] == ["city_sales", "agent"]
    assert value(imputed.metrics, names.FEATURE_READ_FAILURES) == 1
    assert value(imputed.metrics, names.MISSING_ENTITIES) == 0
    assert imputed.logs[0]["causes"][0] == "city_sales: DynamoDB answered 400 ThrottlingException"
    assert imputed.logs[1]["rows"][0]["stored"]["agent"] == {"entities": DESK, "event": None, "unread": True}
    assert strict.status == 422
    assert strict.body["errors"][0]["got"] == "null: the feature store did not answer, send it among the features"
    assert value(strict.metrics, names.FEATURE_READ_FAILURES) == 1


WRONG = {
    "a number for a text": ({"city": 5, **DESK}, "entities.city", "5"),
    "an empty text": ({"city": " ", **DESK}, "entities.city", '" "'),
    "a text for a number": ({**ENTITIES, "desk": "7"}, "entities.desk", '"7"'),
    "true for a number": ({**ENTITIES, "desk": True}, "entities.desk", "true"),
    "a number that is too large": ({**ENTITIES, "desk": 2**31}, "entities.desk", "2147483648"),
    "null": ({**ENTITIES, "city": None}, "entities.city", "null"),
    "a missing key": ({"city": "Austin", "office": "x"}, "entities.desk", "nothing"),
    "an unknown key": ({**ENTITIES, "town": "Austin"}, "entities.town", "an unknown join key"),
    "no object": ("Austin", "entities", '"Austin"'),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_entity_is_refused_by_name_and_nothing_is_read(ask, dynamodb, fault):
    entities, field, got = WRONG[fault]
    answer = ask({"entities": entities, "features": {"rooms": 3}})

    assert answer.status == 422
    assert [(error["field"], error["got"]) for error in answer.body["errors"]] == [(field, got)]
    assert dynamodb.asked == []
    assert names.FEATURE_READ_FAILURES not in answer.metrics


def test_all_faults_of_all_instances_are_told_at_once(ask):
    rows = [
        {"entities": {"city": 5, "office": "x", "more": 1}, "features": {"rooms": "three", "bath": 1}},
        {"city": "Austin"},
        {"entities": ENTITIES, "features": {}, "rooms": 3},
        {"entities": ENTITIES, "features": [1]},
    ]
    answer = ask({"instances": rows})

    assert answer.status == 422
    assert {error["field"] for error in answer.body["errors"]} == {
        "instances[0].entities.city",
        "instances[0].entities.desk",
        "instances[0].entities.more",
        "instances[0].features.rooms",
        "instances[0].features.bath",
        *(f"instances[1].{name}" for name in ("rooms", "sales", "listings", "hot", "counted", "score")),
        "instances[2].rooms",
        "instances[2].features.rooms",
        "instances[3].features",
    }


def test_without_entities_and_features_both_are_asked_for(ask):
    for body in ({"entities": {}}, {"entities": {}, "features": {}}):
        answer = ask(body)
        assert answer.status == 422
        fields = {error["field"] for error in answer.body["errors"]}
        assert fields == {"entities.city", "entities.office", "entities.desk", "features.rooms"}


def test_a_flat_row_needs_every_feature_as_ever(ask):
    answer = ask({"features": {"city": "Austin", "rooms": 3}})

    assert answer.status == 422
    assert len(answer.body["errors"]) == 5


def test_keys_of_every_type_are_read_as_feast_writes_them(ask, dynamodb):
    typed = View(
        name="typed",
        keys=(Typed("b", "bytes"), Typed("i", "int64"), Typed("t", "unix_timestamp")),
        features=(Typed("score", "float"),),
    )
    contract = dataclasses.replace(CONTRACT, stored=(typed,))
    moment = datetime(2026, 10, 1, 12)
    dynamodb.put(typed, {"b": b"\0\1", "i": -(2**63), "t": moment}, {"score": 0.5})
    features = {name: value for name, value in FULL.items() if name != "score"}
    for time in ("2026-10-01T12:00:00Z", "2026-10-01T14:00:00+02:00", "2026-10-01 12:00", 1790856000):
        answer = ask({"entities": {"b": "AAE=", "i": -(2**63), "t": time}, "features": features}, contract=contract)
        assert answer.status == 200
        assert answer.logs[0]["rows"][0]["features"]["score"] == 0.5
    answer = ask({"entities": {"b": "?", "i": 1.5, "t": "noon"}, "features": features}, contract=contract)
    assert {error["field"] for error in answer.body["errors"]} == {"entities.b", "entities.i", "entities.t"}


def test_a_feature_called_entities_keeps_its_meaning_in_instances(ask):
    entities = Feature(name="entities", type="number", missing_allowed=False, minimum=0, maximum=9, example=3.0)
    contract = dataclasses.replace(CONTRACT, features=(*CONTRACT.features, entities))

    assert ask({"instances": [{**FULL, "entities": 3}]}, contract=contract).status == 200
    (error,) = ask({"instances": [{**FULL, "entities": {}}]}, contract=contract).body["errors"]
    assert (error["field"], error["got"]) == ("instances[0].entities", "an object of length 0")


@pytest.mark.parametrize(
    "body", [{"entities": ENTITIES, "features": {"rooms": 3}}, {"instances": [FULL, {"entities": ENTITIES}]}]
)
def test_a_model_of_a_store_that_is_switched_off_takes_full_rows_alone(call, body):
    answer = call(body, models=houses())

    assert answer.status == 400
    assert "no feature store is in use here" in answer.body["detail"]
    assert call({"features": FULL}, models=houses()).status == 200


def test_a_model_without_stored_features_knows_no_entities(call, dynamodb):
    store = store_of(dynamodb)
    single = call({"entities": {"city": "Austin"}, "features": ROW}, store=store)
    several = call({"instances": [{"entities": {"city": "Austin"}, "features": ROW}]}, store=store)

    assert single.status == 400
    assert "no feature store" in single.body["detail"]
    assert several.status == 422
    assert "instances[0].entities" in {error["field"] for error in several.body["errors"]}
    assert dynamodb.asked == []


def test_requests_that_read_nothing_write_no_metric_of_the_store(ask):
    answer = ask({"features": FULL})

    assert not {name for name in answer.metrics if "Feature" in name or "Entities" in name}


def test_no_marker_of_an_entity_is_logged_where_its_key_is_left_out(ask):
    policy = LogPolicy(1.0, frozenset({"city", "office"}))
    marker = "Alice-SECRET-7f3a"
    for refuses in (False, True):
        for entities in ({**ENTITIES, "city": marker}, {**ENTITIES, "office": marker}, {**ENTITIES, marker: 1}):
            for contract in (CONTRACT, STRICT):
                sent = {"entities": entities, "features": {"rooms": 3}}
                answer = ask(sent, contract=contract, refuses=refuses, policy=policy)
                assert marker not in json.dumps(answer.logs)
    wrong = ask({"entities": {**ENTITIES, "city": [marker]}, "features": {marker: marker}}, policy=policy)
    assert marker not in json.dumps(wrong.logs)


def test_the_openapi_document_describes_rows_of_entities(ask):
    document = ask(None, path="/openapi.json", method="GET").body
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    schemas = document["components"]["schemas"]
    row = schemas["EntityRow"]["properties"]

    assert list(row["entities"]["properties"]) == ["city", "office", "desk"]
    assert row["entities"]["properties"]["city"]["examples"] == ["Austin"]
    assert row["features"]["required"] == ["rooms"]
    assert row["features"]["properties"] == schemas["Features"]["properties"]
    assert {"$ref": "#/components/schemas/EntityRow"} in body["schema"]["oneOf"]


def test_the_openapi_document_of_a_model_is_without_entities_where_nothing_is_stored(call, dynamodb):
    plain = dataclasses.replace(CONTRACT, stored=())
    switched_off = call(path="/openapi.json", method="GET", models=houses()).body
    never = call(path="/openapi.json", method="GET", models=houses(plain), store=store_of(dynamodb)).body

    assert switched_off["components"] == never["components"]
    assert "EntityRow" not in json.dumps(never)
