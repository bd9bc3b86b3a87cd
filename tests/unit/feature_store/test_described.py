"""What is known of a feature service without Feast, and when it is not to be trusted."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.errors import InvalidFeatures
from evergreen.feature_store.described import DESCRIPTION, digest_of, read_description
from evergreen.feature_store.views import FeatureService, Source, Typed, View

CHECKOUT = Path(__file__).parents[3]
VIEW = View(
    name="market",
    keys=(Typed("city", "string"), Typed("kind", "int64")),
    features=(Typed("sales", "int64"), Typed("open", "bool")),
    ttl_seconds=3600,
)
SERVICE = FeatureService(
    name="houses",
    digest="",
    key_version=3,
    views=(VIEW,),
    sources={"market": Source(folder="data/market", event_time="at", created="since", columns={"sales": "SALES"})},
)


@pytest.fixture
def folder(tmp_path):
    """Definitions, described as they are."""
    (tmp_path / "houses.py").write_text("# definitions\n")
    described = dataclasses.replace(SERVICE, digest=digest_of(tmp_path))
    (tmp_path / DESCRIPTION).write_text(described.to_json())
    return tmp_path


def test_a_service_comes_back_from_its_description(folder):
    assert read_description(folder, "houses") == dataclasses.replace(SERVICE, digest=digest_of(folder))


def test_the_demos_description_is_that_of_its_definitions():
    assert [view.name for view in read_description(CHECKOUT / "features", "city_market").views] == ["city_market"]


@pytest.mark.parametrize("file", ["houses.py", "more/entities.py", "feature_store.yaml"])
def test_a_definition_that_has_changed_since_is_refused(folder, file):
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text("# others\n")
    with pytest.raises(InvalidFeatures, match="have changed since.*run: evergreen features apply"):
        read_description(folder, "houses")


def test_another_service_none_and_a_damaged_description_are_refused(folder):
    with pytest.raises(InvalidFeatures, match="asks for the features of 'flats', and .* has 'houses'"):
        read_description(folder, "flats")
    (folder / DESCRIPTION).write_text('{"name": "houses"}')
    with pytest.raises(InvalidFeatures, match="is damaged"):
        read_description(folder, "houses")
    (folder / DESCRIPTION).unlink()
    with pytest.raises(InvalidFeatures, match="there is no .*service.json; run: evergreen features apply"):
        read_description(folder, "houses")


def test_a_contract_keeps_its_views_and_has_no_word_of_them_without_any():
    feature = Feature(name="sales", type="number", missing_allowed=True, minimum=0.0, maximum=9.0, example=1.0)
    plain = Contract(task="regression", target="price", features=(feature,))
    assert b"stored" not in plain.to_json()
    stored = dataclasses.replace(plain, stored=(VIEW,))
    assert Contract.from_json(stored.to_json()) == stored
    assert Contract.from_json(plain.to_json()) == plain


def test_a_value_is_stale_beyond_its_views_limit_and_never_without_one():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert not VIEW.is_stale(now - timedelta(seconds=3600), now)
    assert VIEW.is_stale(now - timedelta(seconds=3601), now)
    # The writer's clock is ahead.
    assert not VIEW.is_stale(now + timedelta(days=1), now)
    assert not dataclasses.replace(VIEW, ttl_seconds=0).is_stale(now - timedelta(days=9999), now)
