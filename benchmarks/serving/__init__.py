"""The endpoint compared with its peers: python -m benchmarks.serving."""
