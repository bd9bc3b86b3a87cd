import json
import shutil
import subprocess
import sys

import pytest

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.views import FeatureService, Source, Typed, View
from tests.feast.folders import service, source, view, write_definitions
from training.feature_store import definitions
from training.feature_store.description import describe


def described(tmp_path, *parts, name="all"):
    return describe(definitions.read(write_definitions(tmp_path / "features", *parts)), name)


def faults(tmp_path, *parts):
    with pytest.raises(InvalidFeatures) as refused:
        described(tmp_path, *parts)
    return str(refused.value)


def test_a_service_is_described_with_its_types_its_history_and_its_ttl(tmp_path):
    every = "a:String b:Bool c:Int32 d:Int64 e:Float32 f:Float64 g:UnixTimestamp"
    found = described(
        tmp_path,
        view(
            "market",
            schema=every,
            more="ttl=timedelta(days=2)",
            of=source("data/market", {"raw": "a", "x": "not_read"}),
        ),
        view(
            "streets",
            key="street:Int64",
            schema="length:Float32 width:Float32",
            of=f"PushSource(name='p', batch_source={source('data/s')})",
        ),
        service("market", 'streets[["width"]]'),
    )

    types = {feature.name: feature.type for feature in found.views[0].features}
    assert list(types.values()) == ["string", "bool", "int32", "int64", "float", "double", "unix_timestamp"]
    assert (found.views[0].keys, found.views[0].ttl_seconds) == ((Typed("city", "string"),), 2 * 86400)
    assert found.views[1] == View(name="streets", keys=(Typed("street", "int64"),), features=(Typed("width", "float"),))
    assert found.sources["market"] == Source(
        folder="data/market", event_time="event_timestamp", created="created", columns={"a": "raw"}
    )
    assert found.sources["streets"].folder == "data/s"
    assert found.key_version == 3


def test_a_key_without_a_type_of_its_own_has_that_of_its_field(tmp_path):
    text = view(key="city:Int32").replace(", value_type=Int32.to_value_type()", "")

    assert described(tmp_path, text, service("market")).keys == (Typed("city", "int32"),)


def test_the_digest_follows_the_files_and_not_their_place(tmp_path):
    one = described(tmp_path / "one", view(), service("market"))
    same = described(tmp_path / "same", view(), service("market"))
    other = described(tmp_path / "other", view(), "# A remark.\n", service("market"))

    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        (view(of=source(created="")), "created_timestamp_column"),
        (view(of=source("market")), "data/<folder>"),
        (view(of=source("data/a/b")), "data/<folder>"),
        (view(of=source("s3://bucket/data/a")), "data/<folder>"),
        (view(of=source().replace('timestamp_field="event_timestamp"', 'timestamp_field=""')), "timestamp_field"),
        (view(of=source(mapping={"created": "made"})), "in field_mapping"),
        (view(of=source(created="created_y")), "'created_y'"),
        (view(of=f"PushSource(name='p', batch_source={source(mapping={'raw': 'sales'})})"), "Feast ignores"),
        (view(schema="tags:Array(String)"), "'tags' of type string_list"),
        (view(schema="sales_y:Int64"), "'sales_y'"),
        (view(schema="Rn:Int64"), "'Rn'"),
        (view(schema="event_timestamp:UnixTimestamp"), "'event_timestamp'"),
        (view(key="city:Float64"), "key 'city' of type double"),
        (view(schema="CITY:Int64"), "name of a key"),
        (view(more="ttl=timedelta(milliseconds=1500)"), "whole seconds"),
        (view(more="online=False"), "online=True"),
        (view(more='version="v2"'), "pinned"),
        (view().replace('name="market", ent', 'name="märkte", ent'), "'märkte' needs another name"),
        (view().replace("entities=[city]", "entities=[]"), "no entity"),
        (view() + "del city\n", "entity 'city'"),
    ],
)  # fmt: skip
def test_a_view_that_no_model_could_use_is_refused(tmp_path, definition, told):
    text = faults(tmp_path, definition, service("market"))

    assert told in text
    assert "view 'm" in text


@pytest.mark.parametrize(
    ("features", "told"),
    [
        ("[market.with_name('other')]", "with_name"),
        ("[market.with_join_key_map({'city': 'town'})]", "with_join_key_map"),
        ("['market']", "text"),
        ("[]", "no views"),
        ("[market, market]", "'sales' is in the views"),
        ("[market], precompute_online=True", "precompute_online"),
    ],
)
def test_a_service_that_changes_its_views_is_refused(tmp_path, features, told):
    assert told in faults(tmp_path, view(), f'service = FeatureService(name="all", features={features})\n')


def test_features_that_are_computed_on_demand_are_refused(tmp_path):
    computed = (
        "@on_demand_feature_view(sources=[market], schema=[Field(name='twice', dtype=Int64)])\n"
        "def doubled(rows):\n    return rows[['sales']] * 2\n"
    )

    assert "view 'doubled' is computed" in faults(tmp_path, view(), computed, service("market", "doubled"))


def test_all_faults_are_told_at_once(tmp_path):
    text = faults(
        tmp_path,
        view("a", schema="sales:Int64 n:Bytes", key="id:Int64"),
        view("b", schema="Sales:Int64 z_y:Int64", key="ID:String"),
        service("a", "b"),
    )

    assert all(told in text for told in ("'n' of type bytes", "'Sales' is in the views", "'z_y'", "key 'ID' is int64"))


def test_an_unknown_service_is_answered_with_those_that_there_are(tmp_path):
    with pytest.raises(InvalidFeatures, match=r"no feature service 'houses' \(it has: all, others\)"):
        described(
            tmp_path, view(), service("market"), 'o = FeatureService(name="others", features=[])\n', name="houses"
        )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = [", "houses.py, line"),
        ("1 / 0", "houses.py, line 6: division by zero"),
        ("import nothing_of_this_name", "nothing_of_this_name"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named_with_its_line(tmp_path, text, told):
    with pytest.raises(InvalidFeatures) as refused:
        described(tmp_path, text)

    assert told in str(refused.value)


def test_a_file_named_like_a_module_of_pythons_is_refused(tmp_path):
    (write_definitions(tmp_path / "features") / "json.py").write_text("")

    with pytest.raises(InvalidFeatures, match="json.py"):
        definitions.read(tmp_path / "features")


@pytest.mark.parametrize(("version", "read"), [("2", 2), ("3", 3)])
def test_the_key_version_is_that_of_feasts_own_settings(tmp_path, version, read):
    folder = write_definitions(tmp_path / "features", view(), service("market"))
    (folder / "feature_store.yaml").write_text(f"entity_key_serialization_version: {version}\n")

    assert definitions.read(folder).key_version == read


def test_a_folder_beside_the_definitions_is_no_module_of_the_same_name(tmp_path):
    folder = write_definitions(tmp_path / "features", view(), service("market"))
    (folder / "houses").mkdir()

    assert describe(definitions.read(folder), "all").name == "all"


def test_a_key_version_that_feast_has_given_up_is_refused(tmp_path):
    folder = write_definitions(tmp_path / "features", view(), service("market"))
    (folder / "feature_store.yaml").write_text("entity_key_serialization_version: 1\n")

    with pytest.raises(InvalidFeatures, match="entity_key_serialization_version is 1"):
        definitions.read(folder)


def program(checkout, *arguments):
    command = [sys.executable, "-O", "-W", "ignore", "-m", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_the_demos_definitions_are_described_by_the_program(checkout, tmp_path):
    shutil.copy(checkout / "features" / "texas.py", tmp_path)
    output = tmp_path / "service.json"

    ended = program(
        checkout, "training.feature_store.describe", "--definitions", tmp_path, "--service", "city_market",
        "--output", output,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    found = FeatureService.from_json(output.read_bytes())
    assert found.keys == (Typed("city", "string"),)
    assert json.loads(output.read_text())["sources"]["city_market"]["folder"] == "data/city_market"


def test_the_program_prints_what_is_wrong_and_leaves_what_was_there(checkout, tmp_path):
    folder = write_definitions(tmp_path / "features", view(schema="sales_y:Int64"), service("market"))
    (tmp_path / "service.json").write_text("as before")

    ended = program(
        checkout, "training.feature_store.describe", "--definitions", folder, "--service", "all",
        "--output", tmp_path / "service.json",
    )  # fmt: skip

    assert ended.returncode == 1
    assert ended.stderr.startswith("evergreen: feature service 'all': ")
    assert "Traceback" not in ended.stderr
    assert (tmp_path / "service.json").read_text() == "as before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features", "service.json"]
