"""The folder of a state holds one, whole, whatever happens while the next is written."""

import json
import threading

import pytest

from local import engine
from local.state.folder import StateError, StateFolder

LARGE = b"x" * 100_000


@pytest.fixture
def folder(tmp_path):
    return StateFolder(tmp_path / "state")


def save(folder, content, **files):
    return folder.save(content, facts={"port": 1}, files=files, at_stop=False)


def files_of(tmp_path):
    return {file.name for file in (tmp_path / "state").rglob("*") if file.is_file()}


def test_a_state_comes_back_with_its_types(folder):
    store = engine.REGION_STORE.get()()
    store._data["account", "region", ("a", 1)] = {"points": (1.5, None), "names": {"x"}, "body": LARGE}
    content = {"store": store, "small": b"1"}

    assert save(folder, content, database=b"rows")

    manifest = folder.manifest()
    found = folder.load(manifest)
    assert found["store"]._data == store._data
    assert found["small"] == b"1"
    assert folder.file(manifest, "database") == b"rows"
    assert folder.file(manifest, "other") is None
    assert manifest.facts == {"port": 1}


def test_without_a_state_there_is_no_manifest(folder):
    assert folder.manifest() is None


def test_large_contents_are_written_once_and_removed_when_nothing_names_them(folder, tmp_path):
    save(folder, {"a": LARGE, "b": bytes(bytearray(LARGE))})
    first = files_of(tmp_path)
    assert len(first) == 3  # the manifest, the snapshot and the content

    assert not save(folder, {"a": LARGE, "b": bytes(bytearray(LARGE))})
    save(folder, {"a": LARGE[1:]})

    assert len(files_of(tmp_path)) == 3
    assert files_of(tmp_path) & first == {"manifest.json"}


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_save_that_fails_leaves_the_state_before_and_nothing_of_its_own(folder, tmp_path, monkeypatch, fails_at):
    save(folder, {"a": LARGE})
    before = files_of(tmp_path)
    left = [fails_at]

    def fsync(_descriptor):
        left[0] -= 0.5  # of the file, and of its folder
        if left[0] < 0:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("local.state.folder.os.fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        save(folder, {"a": LARGE, "b": LARGE[1:], "c": LARGE[2:]})

    assert files_of(tmp_path) == before
    assert folder.load(folder.manifest()) == {"a": LARGE}


def test_a_value_that_is_no_data_is_named(folder):
    with pytest.raises(StateError, match="_thread.lock cannot be kept"):
        save(folder, {"lock": threading.Lock()})
    assert folder.manifest() is None


def test_a_snapshot_names_no_functions(folder, tmp_path):
    import hashlib
    import os
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    save(folder, {})
    evil = pickle.dumps(Evil())
    digest = hashlib.sha256(evil).hexdigest()
    (tmp_path / "state" / "snapshots" / digest).write_bytes(evil)
    manifest = json.loads((tmp_path / "state" / "manifest.json").read_text())
    (tmp_path / "state" / "manifest.json").write_text(json.dumps({**manifest, "snapshot": digest}))

    with pytest.raises(StateError, match="system has no place in a state"):
        folder.load(folder.manifest())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "it has the format 99; this version of Evergreen reads"),
        ({"versions": {"ministack": "0.1", "mlflow": "1.0"}}, "ministack 0.1 and mlflow 1.0 wrote it, and ministack"),
        ({"surprise": 1}, "cannot be read"),
    ],
)
def test_a_state_of_other_versions_is_refused(folder, tmp_path, changes, message):
    save(folder, {})
    file = tmp_path / "state" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    with pytest.raises(StateError, match=message):
        folder.manifest()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"snapshot": 1}'])
def test_a_manifest_that_is_none_is_refused(folder, tmp_path, content):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "manifest.json").write_text(content)

    with pytest.raises(StateError, match="cannot be read"):
        folder.manifest()


def test_what_is_missing_or_damaged_is_named(folder, tmp_path):
    save(folder, {"a": LARGE})
    [blob] = (tmp_path / "state" / "blobs").iterdir()
    blob.write_bytes(LARGE[:-1])
    with pytest.raises(StateError, match=f"{blob.name} is damaged"):
        folder.load(folder.manifest())
    blob.unlink()
    with pytest.raises(StateError, match=f"{blob.name} cannot be read"):
        folder.load(folder.manifest())
