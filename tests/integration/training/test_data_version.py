"""The version of a folder is the one that DVC itself gives it."""

import os
import subprocess
import sys

import yaml

from evergreen.versions import data_version


def test_the_version_of_a_folder_is_the_one_that_dvc_gives_it(tmp_path, tables):
    (tables / ".hg").mkdir()
    (tables / ".hg" / "store").write_bytes(b"DVC does not look into this folder")
    for command in (["init", "--no-scm"], ["add", "houses"]):
        subprocess.run(
            [sys.executable, "-m", "dvc", *command, "--quiet"],
            cwd=tmp_path,
            env={**os.environ, "DVC_NO_ANALYTICS": "1"},
            check=True,
        )
    version = data_version.of_path(tables)
    named = yaml.safe_load((tmp_path / "houses.dvc").read_text())["outs"][0]["md5"]
    assert version.version == named
    cached = tmp_path / ".dvc" / "cache" / data_version.object_key(named).removeprefix("dvc/")
    assert version.listing == cached.read_bytes()
