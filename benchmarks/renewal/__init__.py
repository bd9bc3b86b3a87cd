"""Renewal: python -m benchmarks.renewal."""
