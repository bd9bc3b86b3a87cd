"""The model bucket in moto, as the functions of a training meet it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws

from evergreen import names
from functions import model_store


@pytest.fixture
def model_bucket(monkeypatch) -> Callable[..., AbstractContextManager[Any]]:
    """Opens a model bucket; gives its client. More environment variables of the function can be named."""

    @contextmanager
    def opened(bucket: str, model: str, variables: dict[str, str]) -> Iterator[Any]:
        for name, value in {
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            names.MODEL_BUCKET: bucket,
            names.MODEL_NAME: model,
            **variables,
        }.items():
            monkeypatch.setenv(name, value)
        with mock_aws():
            client = boto3.client("s3")
            client.create_bucket(Bucket=bucket)
            model_store.model_store.cache_clear()
            yield client
        model_store.model_store.cache_clear()

    return opened
