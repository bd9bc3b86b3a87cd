"""What tests of more than one folder use."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_DEADLINE_SECONDS = 30.0


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Asks until the answer is true, for what AWS's API itself makes one ask for."""

    def ask(question: Callable[[], Any], *, seconds: float = _DEADLINE_SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"not so within {seconds:g} s"
            time.sleep(0.05)
        return answer

    return ask


@pytest.fixture(scope="session")
def checkout() -> Path:
    return Path(__file__).resolve().parents[1]
