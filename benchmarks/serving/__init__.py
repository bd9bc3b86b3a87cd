"""The endpoint beside its peers: python -m benchmarks.serving."""
