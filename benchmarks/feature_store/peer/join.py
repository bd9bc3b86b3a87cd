"""Joins rows with the features of their moment by Feast's own `get_historical_features`.

Arguments: the feature service, a Parquet file of rows, and one for the result.
"""

import sys

import pandas as pd
import pyarrow.parquet as pq
from feast import FeatureStore


def main() -> None:
    _, service, rows, output = sys.argv
    store = FeatureStore(repo_path=".")
    asked = pd.read_parquet(rows)
    found = store.get_historical_features(entity_df=asked, features=store.get_feature_service(service))
    pq.write_table(found.to_arrow(), output)
