"""The address of the prebuilt scikit-learn image. Importing the SageMaker SDK takes seconds: at synth only."""

import logging

VERSION = "1.9-0"


def training_image(region: str, instance_type: str) -> str:
    """The image in a region, looked up in the SDK's own tables: no network, no credentials."""
    # The SDK announces the places that it looks for settings in.
    logging.getLogger("sagemaker.config").setLevel(logging.WARNING)
    from sagemaker.core import image_uris

    return str(image_uris.retrieve("sklearn", region, version=VERSION, instance_type=instance_type))
