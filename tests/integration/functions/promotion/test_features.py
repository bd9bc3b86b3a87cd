"""Judge's look at the online tables of a candidate's feature views, against DynamoDB (moto)."""

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError

from evergreen import names
from evergreen.feature_store.online_table import item
from evergreen.feature_store.views import Typed, View
from functions.judge import feature_store, online_tables
from tests.integration.functions.promotion.candidates import judge_bundle

PROJECT = "houses_dev"
VIEW = View(
    name="market",
    keys=(Typed("city", "string"), Typed("street", "int64")),
    features=(Typed("rooms", "double"), Typed("not in the model", "string")),
)
EVENT = datetime(2026, 1, 1, tzinfo=UTC)


class Tables:
    """The online tables of a project."""

    def __init__(self):
        self.client = boto3.client("dynamodb")

    def make(self, view=VIEW):
        self.client.create_table(
            TableName=names.online_table(PROJECT, view.name),
            KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def put(self, *rows, view=VIEW):
        for street, values in enumerate(rows):
            written = item(view, {"city": "Köln", "street": street}, values, EVENT)
            self.client.put_item(TableName=names.online_table(PROJECT, view.name), Item=written)


@pytest.fixture
def tables(candidates, monkeypatch):  # noqa: ARG001 - they run within moto
    monkeypatch.setenv(names.FEATURE_PROJECT, PROJECT)
    return Tables()


def gate(decision):
    (found,) = [gate for gate in decision["gates"] if gate["name"] == "features"]
    return found


def test_a_candidate_whose_features_are_online_is_promoted(candidates, tables):
    tables.make()
    tables.put({"rooms": None}, {"rooms": 3.0}, {})

    decision = candidates.judged("v1", 9.0, views=[VIEW])

    assert decision["promote"]
    assert gate(decision)["passed"]
    assert gate(decision)["numbers"] == {"views": 1}


def test_a_missing_table_is_refused_and_the_reason_stands_in_decision_and_card(candidates, tables):  # noqa: ARG001
    decision = candidates.judged("v1", 9.0, views=[VIEW])

    assert not decision["promote"]
    assert decision["reason"].startswith("view market has no online table")
    assert "cdk deploy" in decision["reason"]
    assert json.loads(candidates.stored("v1", "decision.json")["Body"].read()) == decision
    assert "view market has no online table" in candidates.stored("v1", "model_card.html")["Body"].read().decode()


def test_an_empty_table_is_refused(candidates, tables):
    tables.make()

    reason = candidates.judged("v1", 9.0, views=[VIEW])["reason"]

    assert reason.startswith("view market has nothing online; write it with: evergreen features materialize")


def test_a_feature_that_no_item_has_is_refused(candidates, tables):
    tables.make()
    tables.put({"not in the model": "x"}, {"not in the model": "y"})

    decision = candidates.judged("v1", 9.0, views=[VIEW])

    assert not decision["promote"]
    assert "view market has nothing online of its feature rooms" in decision["reason"]


def put_other(tables, *stored):
    """Items whose rooms are as given, in DynamoDB's JSON."""
    for street, value in enumerate(stored):
        written = item(VIEW, {"city": "Bonn", "street": street}, {}, EVENT)
        written["values"]["M"]["rooms"] = value
        tables.client.put_item(TableName=names.online_table(PROJECT, "market"), Item=written)


@pytest.mark.parametrize("stored", [{"B": b"\x20\x03"}, {"B": b"\x2d\x01"}, {"B": b"\x62\x00"}, {"S": "three"}])
def test_values_of_another_type_are_refused_and_both_types_are_named(candidates, tables, stored):
    tables.make()
    tables.put({"rooms": 3.0}, {"rooms": None}, {"rooms": None})
    put_other(tables, stored, stored)

    decision = candidates.judged("v1", 9.0, views=[VIEW])

    assert not decision["promote"]
    assert "view market has its feature rooms online as " in decision["reason"]
    assert "trained with double" in decision["reason"]
    assert ("online as int64" in decision["reason"]) == (stored == {"B": b"\x20\x03"})


def test_what_was_once_written_of_an_entity_that_is_gone_refuses_nobody(candidates, tables):
    tables.make()
    tables.put({"rooms": 3.0}, {"rooms": 4.0})
    put_other(tables, {"B": b"\x20\x03"}, {"B": b"\x62\x00"})

    assert candidates.judged("v1", 9.0, views=[VIEW])["promote"]


def test_every_view_is_looked_at(candidates, tables):
    empty = View(name="streets", keys=VIEW.keys, features=VIEW.features)
    tables.make()

    reason = gate(candidates.judged("v1", 9.0, views=[empty, VIEW]))["reason"]

    assert "view streets has no online table" in reason
    assert "view market has nothing online" in reason


def test_a_view_of_which_the_model_takes_nothing_may_be_missing(candidates, tables):
    tables.make()
    tables.put({"rooms": 3.0})
    idle = View(name="idle", keys=VIEW.keys, features=VIEW.features[1:])

    assert candidates.judged("v1", 9.0, views=[idle, VIEW])["promote"]


def test_without_a_feature_store_a_candidate_that_needs_one_is_refused(candidates, monkeypatch):
    monkeypatch.delenv(names.FEATURE_PROJECT, raising=False)

    decision = candidates.judged("v1", 9.0, views=[VIEW])

    assert not decision["promote"]
    assert "none is deployed here" in decision["reason"]


def test_a_candidate_without_views_has_no_such_gate(candidates, tables):  # noqa: ARG001
    assert "features" not in {gate["name"] for gate in candidates.judged("v1", 9.0)["gates"]}


def test_a_dynamodb_that_fails_is_no_refusal(candidates, tables, monkeypatch):  # noqa: ARG001
    def refuse(**_request):
        raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "Scan")

    monkeypatch.setattr(feature_store.boto3, "client", failing(feature_store.boto3.client, refuse))
    uri = candidates.put("v1", 9.0, views=[VIEW])

    with pytest.raises(ClientError):
        judge_bundle(uri, "v1")
    assert candidates.beside("v1") == []


def failing(client, scan):
    """A factory of clients of which DynamoDB's scans by a function."""

    def made(service, *arguments, **options):
        found = client(service, *arguments, **options)
        if service == "dynamodb":
            found.scan = scan
        return found

    return made


def test_a_page_of_a_large_table_is_enough(tables, candidates):  # noqa: ARG001
    asked = []

    def scan(**request):
        asked.append(request)
        return {"Items": [{"values": {"M": {"rooms": {"B": b""}}}}], "LastEvaluatedKey": {"entity_id": {"S": "a"}}}

    class Contract:
        stored = (VIEW,)
        names = frozenset({"rooms"})

    assert online_tables.lacks(Contract(), PROJECT, scan) == []
    assert asked == [{"TableName": "houses_dev.market", "Limit": 100}]
