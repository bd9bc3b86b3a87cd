"""Judge: python -m benchmarks.judging."""
