"""The rule alone, where no challenger is ever better or worse: scores are pure chance."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.renewal.policies import EARLIER
from evergreen.renewal.rule import ALL, WINDOWS, Challenger, Standing, judge_period, succeed

_SEED = 20_261_130


def measure(periods: int, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Promotions by gate."""
    generator = np.random.default_rng(_SEED)
    standing, gates = Standing(champion=ALL, rows=1), Counter[str]()
    earlier: list[str] = []
    for period in range(periods):
        names = [*WINDOWS, *earlier[-EARLIER:]]
        verdict = judge_period(
            standing,
            [
                Challenger(name=name, rows=1, score=float(generator.standard_normal()), error=1.0, rival=1.0)
                for name in names
            ],
        )
        standing = verdict.standing
        if verdict.challenger:
            gates[verdict.gate] += 1
            earlier.append(str(period))
            standing = succeed(verdict, champion=earlier[-1])
    progress(f"{gates.total()} promotions in {periods} periods")
    return {"periods": periods, "gates": dict(gates)}
