"""The address of the prebuilt scikit-learn image."""

import logging
from pathlib import Path

from infra.packages.build import LOCK, cached

VERSION = "1.9-0"


def training_image(region: str, instance_type: str) -> str:
    """The image in a region, looked up in the SDK's own tables: no network, no credentials.

    Importing the SDK takes a third of a synth, so its answer is kept as long as the lock is the same.
    """

    def look_up(folder: Path) -> None:
        # The SDK announces the places that it looks for settings in.
        logging.getLogger("sagemaker.config").setLevel(logging.WARNING)
        from sagemaker.core import image_uris

        found = image_uris.retrieve("sklearn", region, version=VERSION, instance_type=instance_type)
        (folder / "image").write_text(str(found))

    return (cached("image", [LOCK], [VERSION, region, instance_type], look_up) / "image").read_text()
