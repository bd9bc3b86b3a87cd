"""Where benchmarks find and put things."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
RESULTS = CHECKOUT / "benchmarks" / "results"
BUILD = CHECKOUT / ".build" / "benchmarks"
