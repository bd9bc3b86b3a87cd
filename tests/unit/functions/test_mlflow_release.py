"""The release of MLflow whose protocol the endpoint speaks is the one that its answers are held against."""

from importlib import metadata

from functions.predict.protocols.mlflow import RELEASE


def test_the_release_is_the_one_that_is_installed():
    assert metadata.version("mlflow") == RELEASE
