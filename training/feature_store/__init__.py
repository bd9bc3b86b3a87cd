"""Feast's side of the feature store: everything that imports Feast, each program a process of its own.

`python -O -m training.feature_store.describe | join | materialise`, by a Python that has Feast.
"""
