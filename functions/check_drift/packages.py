"""Brings in the packages that are too large for a function: Evidently, pandas, SciPy and what they need.

Lambda takes 250 MB of code, they have twice as much. They lie in S3 as a second zip, and are unpacked once per process:
within the first check, since initialisation may take ten seconds only.
"""

import shutil
import site
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any


def add_packages(s3: Any, *, bucket: str, key: str) -> None:
    """Download and unpack the zip unless that has been done, and let its packages be imported."""
    temporary = Path(tempfile.gettempdir())
    folder = temporary / f"packages-{Path(key).stem}"
    if not folder.exists():
        archive, unfinished = temporary / "packages.zip", temporary / "packages.unfinished"
        # What a check that was cut off has left behind.
        shutil.rmtree(unfinished, ignore_errors=True)
        s3.download_file(bucket, key, str(archive))
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(unfinished)
        archive.unlink()
        unfinished.rename(folder)
    if str(folder) not in sys.path:
        # Behind the function's own packages. A .pth file among them may name another folder.
        site.addsitedir(str(folder))
