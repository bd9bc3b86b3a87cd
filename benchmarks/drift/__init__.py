"""The drift check: python -m benchmarks.drift."""
