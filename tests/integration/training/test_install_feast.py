"""Feast in a job: from the archive's own wheels, beside the image's packages."""

import subprocess
import sys
import zipfile

import pytest

from evergreen import names
from evergreen.errors import InvalidFeatures
from training import install_feast, wheels


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(names.FEAST_PACKAGES, str(tmp_path / "packages"))
    return tmp_path


def wheel(folder, name, version="1.0"):
    """The smallest wheel that there is."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", "here = True\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")


def test_the_wheels_are_installed_in_a_folder_of_their_own(archive):
    wheel(archive / install_feast.WHEELS, "feastlike")
    (archive / install_feast.WHEELS / wheels.REQUIREMENTS).write_text("feastlike==1.0\n")
    install_feast.main()
    found = subprocess.run(
        [sys.executable, "-c", "import feastlike; print(feastlike.here)"],
        env={"PYTHONPATH": str(archive / "packages")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "True"


def test_what_the_archive_lacks_is_not_fetched_from_elsewhere(archive):
    wheel(archive / install_feast.WHEELS, "feastlike")
    (archive / install_feast.WHEELS / wheels.REQUIREMENTS).write_text("pip==24.0\n")
    with pytest.raises(InvalidFeatures, match="Feast could not be installed in the job.*pip==24.0"):
        install_feast.main()


def test_an_archive_without_wheels_installs_nothing(archive):
    install_feast.main()
    assert not (archive / "packages").exists()
