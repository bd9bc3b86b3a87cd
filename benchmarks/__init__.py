"""Measures what the design promises, as ratios of interleaved runs on one machine. See docs/benchmarks.md."""
