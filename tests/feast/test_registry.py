import pytest

from evergreen.errors import InvalidFeatures
from tests.feast.folders import PROJECT, service, view
from training.feature_store import registry
from training.feature_store.store import open_store


def test_the_registry_holds_what_is_defined_and_nothing_else(online):
    online.make_table("streets")
    online.define(view("streets", schema="sales:Int64"), service("streets"))
    online.add(("A", "2026-10-01", "2026-10-02", 2), folder="streets")
    online.run()
    online.define(view(), service("market"))
    online.add(("A", "2026-10-01", "2026-10-02", 2))
    online.run()

    store = open_store(project=PROJECT, registry=online.work / "registry.db", key_version=3)
    assert [each.name for each in store.list_feature_views()] == ["market"]
    assert [each.name for each in store.list_feature_services()] == ["all"]
    assert store.list_feature_views()[0].batch_source.path == "data/market/*.parquet"
    assert (online.work / "registry.db.version").read_text() == "0.67.0\n"


def test_a_registry_of_a_newer_feast_is_refused(online):
    online.add(("A", "2026-10-01", "2026-10-02", 2))
    online.run()
    (online.work / "registry.db.version").write_text("0.70.1\n")

    with pytest.raises(InvalidFeatures, match=r"registry.db was written by Feast 0.70.1, and this is 0.67.0"):
        online.run()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: registry.version_file(file).write_text("0.58.0\n"),
        lambda file: registry.version_file(file).unlink(),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"\xff\xff nothing of Feast's"),
    ],
)
def test_an_older_or_broken_registry_is_written_anew(online, spoil):
    online.add(("A", "2026-10-01", "2026-10-02", 2))
    online.run()
    spoil(online.work / "registry.db")

    outcome = online.run()["market"]

    assert (outcome.rows, online.read("A")) == (0, [2])
    assert (online.work / "registry.db.version").read_text() == "0.67.0\n"
