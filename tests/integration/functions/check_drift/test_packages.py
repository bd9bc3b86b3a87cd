"""The packages that are too large for a function: unpacked once, and whole."""

import importlib
import io
import sys
import tempfile
import zipfile

import pytest

from functions.check_drift.packages import add_packages
from tests.integration.functions.check_drift.checking import BUCKET

KEY = "assets/0123abcd.zip"


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The function's /tmp, and a path that is as before afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "path", sys.path.copy())
    return tmp_path


def put(s3, key: str = KEY, **modules: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, source in modules.items():
            archive.writestr(f"{name}/__init__.py", source)
    s3.put_object(Bucket=BUCKET, Key=key, Body=packed.getvalue())


class Counted:
    """S3 that counts downloads."""

    def __init__(self, client) -> None:
        self._client = client
        self.downloads = 0

    def download_file(self, *arguments) -> None:
        self.downloads += 1
        self._client.download_file(*arguments)


def test_the_packages_can_be_imported_afterwards(s3, temporary):
    put(s3, evergreen_test_large="ANSWER = 42")

    add_packages(s3, bucket=BUCKET, key=KEY)

    importlib.invalidate_caches()
    module = importlib.import_module("evergreen_test_large")
    assert module.ANSWER == 42
    assert module.__file__.startswith(str(temporary))


def test_the_functions_own_packages_come_first(s3, temporary):
    put(s3, json="ours = False")

    add_packages(s3, bucket=BUCKET, key=KEY)

    assert sys.path[-1].startswith(str(temporary))


def test_they_are_unpacked_once_and_the_archive_leaves_no_trace(s3, temporary):
    put(s3, evergreen_test_once="")
    counted = Counted(s3)

    for _ in range(3):
        add_packages(counted, bucket=BUCKET, key=KEY)

    assert counted.downloads == 1
    (folder,) = temporary.iterdir()
    assert sys.path.count(str(folder)) == 1


def test_a_process_that_finds_them_unpacked_only_names_the_folder(s3, temporary, monkeypatch):
    put(s3, evergreen_test_found="")
    add_packages(s3, bucket=BUCKET, key=KEY)
    (folder,) = temporary.iterdir()
    monkeypatch.setattr(sys, "path", [])
    counted = Counted(s3)

    add_packages(counted, bucket=BUCKET, key=KEY)

    assert (sys.path, counted.downloads) == ([str(folder)], 0)


def test_what_an_unpacking_that_was_cut_off_has_left_is_replaced(s3, temporary):
    leftover = temporary / "packages.unfinished" / "evergreen_test_half"
    leftover.mkdir(parents=True)
    (leftover / "__init__.py").write_text("raise ImportError('half of it')")
    (temporary / "packages.zip").write_bytes(b"half of it")
    put(s3, evergreen_test_whole="ANSWER = 42")

    add_packages(s3, bucket=BUCKET, key=KEY)

    (folder,) = temporary.iterdir()
    assert [item.name for item in folder.iterdir()] == ["evergreen_test_whole"]


def test_an_archive_that_is_broken_is_never_taken_for_the_packages(s3, temporary):
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"not a zip")
    with pytest.raises(zipfile.BadZipFile):
        add_packages(s3, bucket=BUCKET, key=KEY)
    assert not any(str(temporary) in entry for entry in sys.path)

    put(s3, evergreen_test_mended="")
    add_packages(s3, bucket=BUCKET, key=KEY)

    assert [item.name for item in temporary.iterdir() if item.is_dir()] == ["packages-0123abcd"]


def test_other_packages_are_unpacked_beside(s3, temporary):
    """Where a process has outlived a deployment."""
    put(s3, evergreen_test_old="")
    put(s3, "assets/4567ef.zip", evergreen_test_new="")
    for key in (KEY, "assets/4567ef.zip"):
        add_packages(s3, bucket=BUCKET, key=key)

    assert sorted(item.name for item in temporary.iterdir()) == ["packages-0123abcd", "packages-4567ef"]
