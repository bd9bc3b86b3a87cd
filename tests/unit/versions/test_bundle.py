"""A bundle that is not what training wrote is refused, whatever is wrong with it."""

import json
import pickle

import pytest

from evergreen.errors import BrokenBundle
from evergreen.versions.bundle import (
    CONTRACT,
    HOLDOUT,
    LINEAGE,
    MANIFEST,
    METRICS,
    MODEL,
    Bundle,
    load_model,
    model_digest,
)
from tests.bundles import constant_bundle, signed

FILES = (MODEL, CONTRACT, HOLDOUT, METRICS, LINEAGE)


def read(files: dict[str, bytes]) -> Bundle:
    return Bundle.read(files.__getitem__)


def test_a_whole_bundle_is_read():
    bundle = read(constant_bundle(9.0))

    assert bundle.model().predict([1.0]) == 9.0
    assert bundle.digest == model_digest(bundle.files[MODEL], bundle.files[CONTRACT])


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named(name):
    files = constant_bundle(9.0)
    files[name] = files[name][:-1]

    with pytest.raises(BrokenBundle, match=f"{name} is not the file that training wrote"):
        read(files)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_manifest_does_not_list_is_named(name):
    files = constant_bundle(9.0)
    del files[name]

    with pytest.raises(BrokenBundle, match=f"lacks {name}"):
        read(signed(files))


@pytest.mark.parametrize("manifest", [b"", b"[]", b"3", b"{", b"\xff"])
def test_a_manifest_that_is_none_is_refused(manifest):
    with pytest.raises(BrokenBundle, match="manifest"):
        read({**constant_bundle(9.0), MANIFEST: manifest})


@pytest.mark.parametrize(
    "name", ["../../champions/other.json", "/etc/passwd", "a/b.json", "..", ".hidden", "", "a\n.json"]
)
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_fetched(name):
    fetched = []
    manifest = json.dumps({name: "0" * 64, **dict.fromkeys(FILES, "0" * 64)}).encode()

    def fetch(file: str) -> bytes:
        fetched.append(file)
        return manifest

    with pytest.raises(BrokenBundle, match="no file name"):
        Bundle.read(fetch)
    assert fetched == [MANIFEST]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (MODEL, b"{}"),
        (MODEL, b"not json"),
        (MODEL, b'{"format": 2, "features": ["rooms"]}'),
        (MODEL, b'{"format": 1, "features": ["rooms"], "steps": [], "scorer": {"family": "os"}, "task": "regression"}'),
        (CONTRACT, b"[]"),
        (CONTRACT, b"not json"),
    ],
)
def test_a_signed_file_of_another_kind_is_refused_when_it_is_loaded(name, content):
    bundle = read(signed({**constant_bundle(9.0), name: content}))

    with pytest.raises(BrokenBundle):
        bundle.model()


class Trap:
    """Raises when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was loaded')",)


@pytest.mark.parametrize("name", ["model.pkl", MODEL, CONTRACT])
def test_a_pickle_is_never_loaded(name):
    bundle = read(signed({**constant_bundle(9.0), name: pickle.dumps(Trap())}))

    if name == "model.pkl":
        assert bundle.model().predict([1.0]) == 9.0
    else:
        with pytest.raises(BrokenBundle):
            bundle.model()


def test_a_model_is_not_loaded_under_anothers_digest():
    files, other = constant_bundle(9.0), constant_bundle(8.0)

    with pytest.raises(BrokenBundle, match="changed after training"):
        load_model(files[MODEL], files[CONTRACT], digest=model_digest(other[MODEL], other[CONTRACT]))
