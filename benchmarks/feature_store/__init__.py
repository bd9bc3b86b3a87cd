"""The feature store: python -m benchmarks.feature_store."""
