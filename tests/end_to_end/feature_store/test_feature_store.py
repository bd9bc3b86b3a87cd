"""The feature store on a deployed stack: what is pushed, joined, written online and predicted on."""

import ast
import json
import os
import re
import subprocess

import pandas as pd
import pytest

from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT
from cli.demo.telemetry import Captures
from cli.feature_store.definitions import described
from cli.main import app
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.feature_store.online_table import item
from evergreen.settings.model_toml import read_settings
from functions.model_store import ModelStore
from tests.end_to_end.clouds import environment, person
from tests.end_to_end.feature_store.conftest import FEAST


@pytest.fixture
def bundle(store):
    outputs = store.deployed.target.outputs
    models = ModelStore(store.deployed.target.client("s3"), outputs[names.OUTPUT_MODEL_BUCKET])
    return models.bundle(Registry(store.deployed.target).champions().present.bundle)


def predicted(store, request):
    return store.endpoint.predict(request)


def test_a_city_alone_is_predicted_as_its_full_row_is(store):
    alone = predicted(store, {"entities": {"city": "Austin"}})
    whole = predicted(store, {"features": store.newest("Austin")})
    assert alone["prediction"] == whole["prediction"]
    both = {"instances": [{"entities": {"city": city}} for city in ("Austin", "Dallas", "Austin")]}
    first, second, third = (each["prediction"] for each in predicted(store, both)["predictions"])
    assert first == third == alone["prediction"] != second


def test_a_value_that_is_sent_wins_over_the_stored_one(store):
    crowded = {"sales": 1.0, "listings": 90_000.0, "inventory": 40.0}
    given = predicted(store, {"entities": {"city": "Austin"}, "features": crowded})
    whole = predicted(store, {"features": {**store.newest("Austin"), **crowded}})
    assert (
        given["prediction"] == whole["prediction"] != predicted(store, {"entities": {"city": "Austin"}})["prediction"]
    )


def test_each_training_row_has_what_was_known_before_its_month(store, bundle):
    contract = bundle.model().contract
    assert [view.name for view in contract.stored] == ["city_market"]
    # Of the table itself, there is the city alone.
    assert {feature.name for feature in contract.features} == {"city", *(f.name for f in contract.stored[0].features)}
    known = store.history.set_index(["city", "year", "month"])
    rows = [row.features for row in bundle.holdout()]
    for row in rows[:200]:
        found = known.loc[(row["city"], row["year"], row["month"])]
        for name in ("sales", "sales_12m", "median_change_12m"):
            assert row[name] == (None if pd.isna(found[name]) else pytest.approx(float(found[name])))


def test_the_list_names_each_view_and_where_it_stands(store):
    ran = store.run("list")
    assert ran.exit_code == 0, ran.output
    assert "city_market" in ran.output
    assert "1 file" in ran.output


def test_a_newer_value_is_online_at_once_and_an_older_one_never_replaces_it(store):
    newest = store.newest("Waco")
    later = pd.DataFrame([{**newest, "sales": 4321, "event_timestamp": "2007-02-01T00:00:00Z"}])
    later.to_csv(store.folder / "later.csv", index=False)
    ran = store.run("push", str(store.folder / "later.csv"))
    assert ran.exit_code == 0, ran.output
    assert "4321" in store.run("get", "Waco").output

    earlier = pd.DataFrame([{**newest, "sales": 1, "event_timestamp": "2001-02-01T00:00:00Z"}])
    earlier.to_csv(store.folder / "earlier.csv", index=False)
    ran = store.run("push", str(store.folder / "earlier.csv"))
    assert ran.exit_code == 0, ran.output
    assert "a newer value is there" in ran.output
    assert "4321" in store.run("get", "city=Waco").output


def test_the_workflow_writes_what_is_new_in_the_history_and_then_nothing(store):
    ran = store.run("materialize")
    assert ran.exit_code == 0, ran.output
    again = store.run("materialize")
    assert again.exit_code == 0, again.output
    assert "0 rows written" in again.output
    cloudwatch = store.deployed.target.client("cloudwatch")
    listed = cloudwatch.list_metrics(Namespace=names.metric_namespace("dev"), MetricName=names.FEATURE_LAG_SECONDS)
    assert [each["Dimensions"] for each in listed["Metrics"]]
    # Feast's own registry lies beside what was written.
    outputs = store.deployed.target.outputs
    prefix = f"{names.REGISTRY_PREFIX}{outputs[names.OUTPUT_FEATURE_PROJECT]}/"
    listed = store.deployed.target.client("s3").list_objects_v2(
        Bucket=outputs[names.OUTPUT_DATA_BUCKET], Prefix=prefix
    )["Contents"]
    assert {"registry.db", "online.json", names.MATERIALISED} <= {each["Key"].removeprefix(prefix) for each in listed}


def test_what_does_not_fit_the_view_is_refused_with_every_fault_and_nothing_is_stored(store):
    pd.DataFrame([{"town": "Waco", "sales": "many", "event_timestamp": "soon"}]).to_csv(
        store.folder / "wrong.csv", index=False
    )
    before = store.run("list").output
    ran = store.run("push", str(store.folder / "wrong.csv"))
    assert ran.exit_code == 1
    for words in ("'city' is missing", "'sales' has 'many'", "'town' is none", "'event_timestamp' should have moments"):
        assert words in str(ran.exception), str(ran.exception)
    assert store.run("list").output == before


def test_an_unknown_city_is_told(store):
    answer = store.endpoint.predict({"entities": {"city": "Atlantis"}})
    assert any("Atlantis" in warning or "city_market" in warning for warning in answer["warnings"]), json.dumps(answer)


def test_feasts_own_client_reads_the_same_store_as_the_documentation_says(store):
    ran = store.run("materialize")
    assert ran.exit_code == 0, ran.output
    page = (CHECKOUT / "docs" / "features.md").read_text()
    (snippet,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    outputs = store.deployed.target.outputs
    assert f'project = "{outputs[names.OUTPUT_FEATURE_PROJECT]}"' in snippet
    cloud = store.deployed.embedded.environment()
    shown = subprocess.run(
        [FEAST, "-O", "-W", "ignore", "-c", snippet.replace("DATA_BUCKET", outputs[names.OUTPUT_DATA_BUCKET])],
        # Of S3, Feast knows its own variable alone.
        env={**os.environ, "FEAST_S3_ENDPOINT_URL": cloud["AWS_ENDPOINT_URL"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert ast.literal_eval(shown.stdout.strip().splitlines()[-1]) == {
        "city": ["Austin"],
        "sales": [store.newest("Austin")["sales"]],
    }


def test_what_has_no_versions_is_not_said_to_be_reproduced(store, capsys):
    version = Registry(store.deployed.target).champions().present.version
    with pytest.raises(CommandFailed, match="stored features of 'city_market'.*no version is kept"):
        app(["reproduce", version], prog_name="evergreen", standalone_mode=False)

    app(["preview", "--settings", str(store.settings)], prog_name="evergreen", standalone_mode=False)
    assert "whose history is not in Git" in " ".join(capsys.readouterr().out.split())


def test_the_policy_for_people_covers_every_verb(store):
    target = store.deployed.target
    pd.DataFrame([{**store.newest("Tyler"), "event_timestamp": "2007-03-01T00:00:00Z"}]).to_csv(
        store.folder / "fresh.csv", index=False
    )
    with environment({**os.environ, **person(target, target.outputs[names.OUTPUT_USER_POLICY])}):
        for words in (["list"], ["get", "Tyler"], ["push", str(store.folder / "fresh.csv")], ["check"]):
            ran = store.run(*words)
            assert ran.exit_code == 0, (words, ran.output, ran.exception)
    with environment({**os.environ, **person(target)}):
        assert store.run("get", "Tyler").exit_code == 1


def test_a_value_online_that_the_history_does_not_have_is_found_and_told(store):
    target, outputs = store.deployed.target, store.deployed.target.outputs
    (view,) = described(read_settings(store.settings)).views
    newest = store.history[store.history["city"] == "Dallas"].iloc[-1]
    number = {"int64": int, "double": float}
    values = {
        feature.name: None if pd.isna(newest[feature.name]) else number[feature.type](newest[feature.name])
        for feature in view.features
    }
    planted = item(view, {"city": "Dallas"}, {**values, "sales": values["sales"] + 1}, newest["event_timestamp"])
    table = names.online_table(outputs[names.OUTPUT_FEATURE_PROJECT], view.name)
    target.client("dynamodb").put_item(TableName=table, Item=planted)
    answers = [predicted(store, {"entities": {"city": city}}) for city in ("Austin", "Dallas")]
    Captures(target).await_records(names.PREDICTIONS_PREFIX, [answer["prediction_id"] for answer in answers])

    ran = store.run("check")

    assert ran.exit_code == 1, ran.output
    for words in ("1 value not in the history", "sales", "Dallas", f" {values['sales'] + 1} ", f" {values['sales']} "):
        assert words in ran.output, ran.output
    key = f"{names.REGISTRY_PREFIX}{outputs[names.OUTPUT_FEATURE_PROJECT]}/{names.MATERIALISED}"
    stored = target.client("s3").get_object(Bucket=outputs[names.OUTPUT_DATA_BUCKET], Key=key)["Body"].read()
    skew = json.loads(stored)["skew"]
    (named,) = skew["named"]
    assert (named["entity"], named["served"], named["history"]) == (
        *({"city": "Dallas"}, values["sales"] + 1),
        values["sales"],
    )
    assert skew["rows"] >= 2
    statistics = target.client("cloudwatch").get_metric_statistics(
        Namespace=names.metric_namespace("dev"),
        MetricName=names.FEATURE_SKEW,
        Dimensions=[{"Name": "service", "Value": names.FEATURES_SERVICE}, {"Name": "view", "Value": view.name}],
        StartTime=pd.Timestamp.now("UTC") - pd.Timedelta(hours=1),
        EndTime=pd.Timestamp.now("UTC") + pd.Timedelta(minutes=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    assert max(point["Maximum"] for point in statistics["Datapoints"]) == 1
    # What was compared once is not compared again.
    again = store.run("check")
    assert again.exit_code == 0, again.output
    assert "no predictions" in again.output
