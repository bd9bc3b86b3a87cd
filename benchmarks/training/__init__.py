"""The training workflow: python -m benchmarks.training."""
