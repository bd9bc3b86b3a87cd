"""evergreen card: the right version's document in the right form, and what is missing by its name."""

import json
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from cli.verbs import card
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.versions.champion import Champion

BUCKET, MODEL = "models", "houses"


class Store:
    """A model bucket, filled as the jobs and Judge fill it."""

    def __init__(self, s3):
        self._s3 = s3

    def put(self, key, content):
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def version(self, version, *, cards=True):
        bundle = f"models/{MODEL}/{version}/output/model/"
        if cards:
            plots = ("plot-roc.svg", "plot-importance.svg")
            manifest = dict.fromkeys(("model.json", "model_card.html", "data_sheet.html", *plots), "sha")
            self.put(f"{bundle}manifest.json", json.dumps(manifest))
            for name in manifest:
                self.put(f"{bundle}{name}", f"{name} of {version} as trained")
            self.put(f"models/{MODEL}/{version}/model_card.html", f"html card of {version}, judged")
            self.put(f"models/{MODEL}/{version}/model_card.md", f"markdown card of {version}, judged")
        decision = {"version": version, "bundle": bundle, "promote": True}
        self.put(f"models/{MODEL}/{version}/decision.json", json.dumps(decision))

    def champion(self, version):
        bundle = f"models/{MODEL}/{version}/output/model/"
        pointer = Champion(version=version, bundle=bundle, digest="d", promoted_at="2026-11-24T00:00:00+00:00")
        self.put(names.champion_key(MODEL), pointer.to_json())


@pytest.fixture
def store(monkeypatch, tmp_path):
    """The store of the stack that the command finds, which is run in an empty folder."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        outputs = {names.OUTPUT_MODEL_BUCKET: BUCKET, names.OUTPUT_MODEL_NAME: MODEL}
        target = SimpleNamespace(client=lambda _name: s3, outputs=outputs)
        monkeypatch.setattr(card.Target, "choose", lambda _environment, **_local: target)
        yield Store(s3)


def test_the_champion_s_card_is_the_one_with_the_decision(store, tmp_path):
    store.version("v1")
    store.version("v2")
    store.champion("v1")
    card.card()

    assert (tmp_path / "model-card.html").read_text() == "html card of v1, judged"
    assert [file.name for file in tmp_path.iterdir()] == ["model-card.html"]


def test_another_version_can_be_named(store, tmp_path):
    store.version("v1")
    store.version("v2")
    store.champion("v1")
    card.card(version="v2", output=tmp_path / "v2.html")

    assert (tmp_path / "v2.html").read_text() == "html card of v2, judged"


def test_a_card_in_markdown_comes_with_the_plots_that_it_links(store, tmp_path, capsys):
    store.version("v1")
    store.champion("v1")
    card.card(output=tmp_path / "CARD.md")

    assert (tmp_path / "CARD.md").read_text() == "markdown card of v1, judged"
    assert (tmp_path / "plot-roc.svg").read_text() == "plot-roc.svg of v1 as trained"
    assert (tmp_path / "plot-importance.svg").exists()
    assert "plots are beside it" in capsys.readouterr().out


def test_the_sheet_is_that_of_the_bundle(store, tmp_path):
    store.version("v1")
    store.champion("v1")
    card.card(sheet=True)

    assert (tmp_path / "data-sheet.html").read_text() == "data_sheet.html of v1 as trained"


def test_a_browser_is_opened_only_when_asked_for(store, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(card.webbrowser, "open", opened.append)
    store.version("v1")
    store.champion("v1")
    card.card()
    assert opened == []

    card.card(show=True)
    assert opened == [(tmp_path / "model-card.html").as_uri()]


def test_before_the_first_champion_the_command_says_what_to_run(store):
    store.version("v1")

    with pytest.raises(CommandFailed, match="no champion yet. Run: evergreen train"):
        card.card()


def test_an_unknown_version_is_named_with_the_command_that_lists_them(store):
    store.version("v1")

    with pytest.raises(CommandFailed, match="no version v9. List them with: evergreen versions"):
        card.card(version="v9")


def test_a_version_without_a_card_is_named_with_the_missing_object(store, tmp_path):
    store.version("v1", cards=False)
    store.champion("v1")

    with pytest.raises(CommandFailed, match=r"v1 has no model_card.html: s3://models/models/houses/v1/model_card.html"):
        card.card()
    assert list(tmp_path.iterdir()) == []


def test_another_form_is_refused_before_anything_is_asked():
    with pytest.raises(CommandFailed, match=r"card.pdf must end in .html or .md, the two formats of a card"):
        card.card(output=Path("card.pdf"))
