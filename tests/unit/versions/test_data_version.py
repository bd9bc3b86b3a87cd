"""Versions of the data: DVC's own names for them, what a job finds again, and what it refuses."""

import json

import pytest

from evergreen.errors import InvalidData
from evergreen.versions import data_version

ROWS = b"a,b\n1,2\n"
# md5sum of ROWS.
ROWS_MD5 = "e5ebd4c02cefbe7955977c67ada242b7"
BUCKET = "data-bucket"


@pytest.fixture
def table(tmp_path):
    (tmp_path / "houses.csv").write_bytes(ROWS)
    return tmp_path / "houses.csv"


def laid_out(version, folder):
    """What SageMaker makes of the manifest: each object under the folder by its path below the prefix."""
    first, *names = json.loads(data_version.manifest(version, BUCKET))
    contents = {data_version.object_key(file.md5): file.path.read_bytes() for file in version.files}
    contents[data_version.object_key(version.version)] = version.listing or version.files[0].path.read_bytes()
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents[first["prefix"].removeprefix(f"s3://{BUCKET}/") + name])
    return folder


def test_a_file_is_named_by_the_md5_of_its_content(table):
    version = data_version.of_path(table)
    assert version.version == ROWS_MD5
    assert version.listing is None
    assert [(file.name, file.md5, file.path) for file in version.files] == [("houses.csv", ROWS_MD5, table)]


def test_an_object_lies_where_dvc_pushes_it():
    assert data_version.object_key(ROWS_MD5) == "dvc/files/md5/e5/ebd4c02cefbe7955977c67ada242b7"
    assert data_version.object_key("ab12.dir") == "dvc/files/md5/ab/12.dir"


def test_a_manifest_lists_each_object_once_and_the_listing_of_a_folder(tables):
    version = data_version.of_path(tables)
    first, *names = json.loads(data_version.manifest(version, BUCKET))
    assert first == {"prefix": f"s3://{BUCKET}/dvc/files/md5/"}
    assert len(names) == len(set(names)) == 3
    assert f"{version.version[:2]}/{version.version[2:]}" in names


def test_the_version_can_be_read_from_the_uri_of_its_manifest():
    uri = f"s3://{BUCKET}/{data_version.manifest_key(ROWS_MD5)}"
    assert data_version.version_of_manifest(uri) == ROWS_MD5
    assert data_version.version_of_manifest(f"s3://{BUCKET}/data/houses.csv") is None


def flattened(channel):
    """The same objects without their folders."""
    for path in [path for path in channel.rglob("*") if path.is_file()]:
        path.rename(channel / f"object-{path.parent.name}-{path.name}")
    return channel


@pytest.mark.parametrize("laid", [lambda channel: channel, flattened])
@pytest.mark.parametrize("kind", ["table", "tables"])
def test_a_job_finds_the_same_version_under_the_same_names_however_its_objects_lie(tmp_path, request, kind, laid):
    version = data_version.of_path(request.getfixturevalue(kind))
    channel = laid(laid_out(version, tmp_path / "channel"))

    found = data_version.of_channel(channel, f"data/{version.files[0].name}", version.version)

    assert found.version == version.version
    assert [(file.name, file.md5) for file in found.files] == [(file.name, file.md5) for file in version.files]
    assert [file.path.read_bytes() for file in found.files] == [file.path.read_bytes() for file in version.files]


def test_an_altered_object_is_refused(tmp_path, table):
    channel = laid_out(data_version.of_path(table), tmp_path / "channel")
    (channel / ROWS_MD5[:2] / ROWS_MD5[2:]).write_bytes(b"a,b\n1,3\n")
    with pytest.raises(InvalidData, match=f"data/houses.csv is missing .* or was altered: {ROWS_MD5}"):
        data_version.of_channel(channel, "data/houses.csv", ROWS_MD5)


def test_a_file_that_the_listing_names_and_the_channel_lacks_is_named(tmp_path, tables):
    version = data_version.of_path(tables)
    channel = laid_out(version, tmp_path / "channel")
    (channel / version.files[0].md5[:2] / version.files[0].md5[2:]).unlink()
    with pytest.raises(InvalidData, match='2001/é "x".csv, a file of data/houses, is missing'):
        data_version.of_channel(channel, "data/houses", version.version)


@pytest.mark.parametrize("version", [ROWS_MD5, f"{ROWS_MD5}.dir"])
def test_an_empty_channel_is_refused(tmp_path, version):
    with pytest.raises(InvalidData, match="is missing among the objects"):
        data_version.of_channel(tmp_path, "data/houses", version)


@pytest.mark.parametrize("name", ["../model.toml", "/etc/passwd", "a/../../b"])
def test_a_listing_that_leads_out_of_the_folder_is_refused(name):
    listing = json.dumps([{"md5": ROWS_MD5, "relpath": name}]).encode()
    with pytest.raises(InvalidData, match="which lies outside of it"):
        data_version.read_listing(listing)


def test_a_table_that_is_not_there_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(InvalidData, match="houses.csv does not exist"):
        data_version.of_path(tmp_path / "houses.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidData, match="has no files"):
        data_version.of_path(tmp_path / "empty")
