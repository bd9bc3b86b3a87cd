"""The SageMaker container contract of both jobs: where files are, and how a failed run ends."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from evergreen import names
from evergreen.errors import EvergreenError, InvalidData

# Of the cause: a notification has room for it.
_CHARACTERS = 10_000


def base_folder() -> Path:
    """/opt/ml, or the folder that the SageMaker training toolkit's variable SAGEMAKER_BASE_DIR names."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def single_file(folder: Path) -> Path:
    """The one file of an input channel.

    Raises:
        InvalidData: the channel holds no file, or more than one.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(files) != 1:
        raise InvalidData(f"channel {folder.name}: expected one file, found {len(files)}")
    return files[0]


def run(main: Callable[[], None], failure_file: str) -> None:
    """Call `main`; if it fails, exit with 1.

    In a job the cause is written to output/`failure_file`, where SageMaker looks for it, and to the object that the
    variable FAILURE_URI names, if any; the log gets the traceback. On any other machine an EvergreenError is printed as
    its message alone.
    """
    try:
        main()
    except Exception as error:  # noqa: BLE001 - the notification must name the cause, whatever it was
        known = isinstance(error, EvergreenError)
        if base_folder().exists():
            file = base_folder() / "output" / failure_file
            file.parent.mkdir(parents=True, exist_ok=True)
            cause = str(error) if known else f"{type(error).__name__}: {error}"
            file.write_text(cause)
            if uri := os.environ.get(names.FAILURE_URI):
                _upload(cause, uri)
        elif known:
            sys.exit(str(error))
        traceback.print_exc()
        sys.exit(1)


def _upload(cause: str, uri: str) -> None:
    """Store the cause as an object: of the image's two toolkits, one writes its own words over the failure file."""
    # Imported here, since only a failing job needs it.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=cause[:_CHARACTERS].encode())
    except (BotoCoreError, ClientError) as error:
        print(f"the cause could not be stored as {uri}: {error}", file=sys.stderr)
