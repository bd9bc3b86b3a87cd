"""The SageMaker container contract that both jobs share: where files lie, and how a failure gets its message."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from evergreen.errors import EvergreenError, InvalidData


def base_folder() -> Path:
    """/opt/ml in the container; elsewhere as the SageMaker training toolkit's own variable says."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def single_file(folder: Path) -> Path:
    """The one file of an input channel.

    Raises:
        InvalidData: there is none, or more than one.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(files) != 1:
        raise InvalidData(f"channel {folder.name}: expected one file, found {len(files)}")
    return files[0]


def run(main: Callable[[], None], failure_file: Path) -> None:
    """Call main; when it fails, write the cause where SageMaker looks for it, and exit with 1.

    On any other machine the cause is what is printed last.
    """
    try:
        main()
    except Exception as error:  # noqa: BLE001 - the process's last words: whatever it was, the notification must say it
        traceback.print_exc()
        message = str(error) if isinstance(error, EvergreenError) else f"{type(error).__name__}: {error}"
        if base_folder().exists():
            failure_file.parent.mkdir(parents=True, exist_ok=True)
            failure_file.write_text(message)
        sys.exit(1)
