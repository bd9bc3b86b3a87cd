"""Folders that the benchmarks read from and write to."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
RESULTS = CHECKOUT / "benchmarks" / "results"
BUILD = CHECKOUT / ".build" / "benchmarks"
