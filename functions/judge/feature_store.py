"""Looks at the online store of the stack's features, for the gate of a candidate that reads it."""

import os
from collections.abc import Sequence

import boto3

from evergreen import names
from evergreen.contract.contract import Contract
from functions.judge.judging import no_feature_store


def lacks_online(contract: Contract) -> Sequence[str]:
    """What the stack's feature store lacks of what the contract's views give.

    Raises:
        ClientError: DynamoDB refused or failed.
    """
    project = os.environ.get(names.FEATURE_PROJECT)
    if not project:
        return no_feature_store(contract)
    # Imported here, since most stacks have no feature store.
    from functions.judge.online_tables import lacks

    return lacks(contract, project, boto3.client("dynamodb").scan)
