"""Benchmarks of what the design promises: ratios of interleaved runs on one machine. See docs/benchmarks.md."""
